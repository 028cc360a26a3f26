/** Keys with which programs act for the person. */
import { Badge, Button, Group, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { KeyRound, Plus } from 'lucide-react'
import { useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf, useCommand } from '#web/app/queries.ts'
import { List } from '#web/ui/List.tsx'
import { showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Empty } from '#web/ui/states.tsx'
import { NewKeyDialog } from './NewKeyDialog.tsx'

type ApiKey = OutputOf<typeof identity.calls.listApiKeys>['items'][number]

export function KeysPage() {
  const { t } = useWords()
  const [isOpen, setOpen] = useState(false)
  const keys = useQuery({ ...queryOf(identity.calls.listApiKeys, {}), select: ({ items }) => items })
  const add = (
    <Button leftSection={<Plus size={16} />} onClick={() => setOpen(true)}>
      {t('keys.add')}
    </Button>
  )
  return (
    <Page
      title={t('account.keys')}
      text={t('keys.text')}
      actions={keys.data?.length ? add : undefined}
      width="wide"
    >
      <List
        query={keys}
        empty={
          <Empty icon={KeyRound} title={t('keys.none')} text={t('keys.noneText')}>
            {add}
          </Empty>
        }
      >
        {(items) => (
          <Table.ScrollContainer minWidth={640}>
            <Table verticalSpacing="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t('field.label')}</Table.Th>
                  <Table.Th>{t('keys.scopes')}</Table.Th>
                  <Table.Th>{t('keys.lastUsed')}</Table.Th>
                  <Table.Th>{t('keys.expires')}</Table.Th>
                  <Table.Th aria-label={t('keys.remove')} />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map((key) => (
                  <KeyRow key={key.id} apiKey={key} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </List>
      {isOpen && <NewKeyDialog owner="account" onClose={() => setOpen(false)} />}
    </Page>
  )
}

function KeyRow({ apiKey: { id, name, prefix, scopes, lastUsedAt, expiresAt } }: { apiKey: ApiKey }) {
  const { t, ago, date } = useWords()
  const notifyFailure = useFailureNotice()
  const remove = useCommand(identity.calls.removeApiKey, {
    refreshes: [identity.calls.listApiKeys],
    onDone: () => showNotice(t('keys.removed')),
  })
  const isExpired = expiresAt !== null && new Date(expiresAt) < new Date()
  return (
    <Table.Tr>
      <Table.Td>
        <Text fw={500}>{name}</Text>
        <Text size="xs" c="dimmed" ff="monospace">
          {prefix}…
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={4}>
          {scopes.map((scope) => (
            <Badge key={scope} variant="default" tt="none" fw={500} ff="monospace">
              {scope}
            </Badge>
          ))}
        </Group>
      </Table.Td>
      <Table.Td>{lastUsedAt === null ? t('keys.never') : ago(lastUsedAt)}</Table.Td>
      <Table.Td>
        {expiresAt === null ? t('keys.noExpiry') : date(expiresAt)}
        {isExpired && (
          <Badge ml="xs" color="red" variant="light" tt="none">
            {t('keys.expired')}
          </Badge>
        )}
      </Table.Td>
      <Table.Td ta="end">
        <Button
          variant="default"
          size="xs"
          loading={remove.isPending}
          aria-label={t('keys.removeNamed', { name })}
          onClick={() => remove.mutate({ id }, { onError: notifyFailure })}
        >
          {t('keys.remove')}
        </Button>
      </Table.Td>
    </Table.Tr>
  )
}
