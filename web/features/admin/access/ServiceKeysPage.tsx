/** Credentials of services and scripts. */
import { Badge, Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { KeyRound, Plus } from 'lucide-react'
import { useState } from 'react'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf, useCommand } from '#web/app/queries.ts'
import { NewKeyDialog } from '#web/features/account/NewKeyDialog.tsx'
import { DataTable } from '#web/ui/DataTable.tsx'
import { List } from '#web/ui/List.tsx'
import { showNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Question } from '#web/ui/Question.tsx'
import { Empty } from '#web/ui/states.tsx'

export function ServiceKeysPage() {
  const { t, ago, date } = useWords()
  const [isOpen, setOpen] = useState(false)
  const [leaving, setLeaving] = useState<{ id: string; name: string }>()
  const keys = useQuery({ ...queryOf(identity.calls.listServiceKeys, {}), select: ({ items }) => items })
  const remove = useCommand(identity.calls.removeServiceKey, {
    refreshes: [identity.calls.listServiceKeys],
    onDone: () => showNotice(t('keys.removed')),
  })
  const add = (
    <Button leftSection={<Plus size={16} />} onClick={() => setOpen(true)}>
      {t('keys.add')}
    </Button>
  )
  const empty = (
    <Empty icon={KeyRound} title={t('serviceKeys.none')} text={t('serviceKeys.noneText')}>
      {add}
    </Empty>
  )
  return (
    <Page
      title={t('admin.serviceKeys')}
      text={t('serviceKeys.text')}
      actions={keys.data?.length ? add : undefined}
      width="wide"
    >
      <List query={keys} empty={empty}>
        {(items) => (
          <DataTable
            label={t('admin.serviceKeys')}
            items={items}
            keyOf={({ id }) => id}
            columns={[
              { label: t('field.label'), cell: (key) => <NamedKey {...key} /> },
              { label: t('keys.scopes'), cell: ({ scopes }) => <Scopes scopes={scopes} /> },
              {
                label: t('keys.lastUsed'),
                cell: ({ lastUsedAt }) => (lastUsedAt ? ago(lastUsedAt) : t('keys.never')),
              },
              {
                label: t('keys.expires'),
                cell: ({ expiresAt }) => (expiresAt ? date(expiresAt) : t('keys.noExpiry')),
              },
              {
                label: t('keys.remove'),
                isLabelHidden: true,
                align: 'end',
                cell: ({ id, name }) => (
                  <Button
                    variant="default"
                    size="xs"
                    aria-label={t('keys.removeNamed', { name })}
                    onClick={() => setLeaving({ id, name })}
                  >
                    {t('keys.remove')}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </List>
      {isOpen && <NewKeyDialog owner="service" onClose={() => setOpen(false)} />}
      {leaving && (
        <Question
          title={t('keys.removeNamed', { name: leaving.name })}
          action={t('keys.remove')}
          onConfirm={() => remove.mutateAsync({ id: leaving.id })}
          onClose={() => setLeaving(undefined)}
        >
          <Text size="sm">{t('serviceKeys.removeText')}</Text>
        </Question>
      )}
    </Page>
  )
}

function NamedKey({ name, prefix }: { name: string; prefix: string }) {
  return (
    <Stack gap={0}>
      <Text fw={500}>{name}</Text>
      <Text size="xs" c="dimmed" ff="monospace">
        {prefix}…
      </Text>
    </Stack>
  )
}

function Scopes({ scopes }: { scopes: readonly string[] }) {
  return (
    <Group gap={4}>
      {scopes.map((scope) => (
        <Badge key={scope} variant="default" tt="none" fw={500} ff="monospace">
          {scope}
        </Badge>
      ))}
    </Group>
  )
}
