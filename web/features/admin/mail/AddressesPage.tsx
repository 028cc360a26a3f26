/** Every address of our domains: of accounts, aliases and groups. */
import { Badge, Button, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { AtSign, Plus } from 'lucide-react'
import { useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { pagesOf, useCommand } from '#web/app/queries.ts'
import { DataTable } from '#web/ui/DataTable.tsx'
import { List } from '#web/ui/List.tsx'
import { Page } from '#web/ui/Page.tsx'
import { Question } from '#web/ui/Question.tsx'
import { SearchInput } from '#web/ui/SearchInput.tsx'
import { Empty } from '#web/ui/states.tsx'
import { AccountName } from './AccountName.tsx'
import { AddressDialog } from './AddressDialog.tsx'

export type LocalAddress = OutputOf<typeof mail.calls.listAddresses>['items'][number]

const kinds = ['account', 'alias', 'group'] as const

export function AddressesPage() {
  const { t } = useWords()
  const search = useSearch({ from: '/shell/admin/mail/addresses' })
  const [edited, setEdited] = useState<LocalAddress | 'new'>()
  const [removed, setRemoved] = useState<LocalAddress>()
  const kind = kinds.find((one) => one === search.kind)
  const addresses = useInfiniteQuery(
    pagesOf(mail.calls.listAddresses, {
      ...(kind && { kind }),
      ...(search.text && { text: search.text }),
    }),
  )
  const remove = useCommand(mail.calls.deleteAddress, { refreshes: [mail.calls.listAddresses] })
  const add = (
    <Button leftSection={<Plus size={16} />} onClick={() => setEdited('new')}>
      {t('addresses.add')}
    </Button>
  )
  return (
    <Page title={t('mailAdmin.addresses')} text={t('addresses.text')} actions={add} width="wide">
      <Stack>
        <Filters />
        <List query={addresses} empty={<Empty icon={AtSign} title={t('admin.nothingFound')} />}>
          {(items) => <AddressTable addresses={items} onEdit={setEdited} onRemove={setRemoved} />}
        </List>
      </Stack>
      {edited && (
        <AddressDialog address={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />
      )}
      {removed && (
        <Question
          title={t('addresses.removeNamed', { address: removed.address })}
          action={t('addresses.remove')}
          onConfirm={() => remove.mutateAsync({ address: removed.address })}
          onClose={() => setRemoved(undefined)}
        >
          <Text size="sm">{t('addresses.removeText')}</Text>
        </Question>
      )}
    </Page>
  )
}

function Filters() {
  const { t } = useWords()
  const search = useSearch({ from: '/shell/admin/mail/addresses' })
  const navigate = useNavigate({ from: '/admin/mail/addresses' })
  const change = (part: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true })
  return (
    <Group align="flex-end" gap="sm">
      <SearchInput
        label={t('admin.search')}
        value={search.text}
        onSearch={(text) => change({ text })}
        flex="1 1 14rem"
      />
      <NativeSelect
        label={t('addresses.kind')}
        value={search.kind ?? ''}
        onChange={({ currentTarget }) => change({ kind: currentTarget.value })}
        data={[
          { value: '', label: t('admin.all') },
          ...kinds.map((kind) => ({ value: kind, label: t(`addresses.${kind}`) })),
        ]}
      />
    </Group>
  )
}

interface AddressTableProps {
  addresses: readonly LocalAddress[]
  onEdit: (address: LocalAddress) => void
  onRemove: (address: LocalAddress) => void
}

function AddressTable({ addresses, onEdit, onRemove }: AddressTableProps) {
  const { t } = useWords()
  return (
    <DataTable
      label={t('mailAdmin.addresses')}
      items={addresses}
      keyOf={({ address }) => address}
      columns={[
        {
          label: t('addresses.address'),
          cell: ({ address, name }) => (
            <Stack gap={0} style={{ overflowWrap: 'anywhere' }}>
              <Text size="sm" fw={500}>
                {address}
              </Text>
              {name !== '' && (
                <Text size="xs" c="dimmed">
                  {name}
                </Text>
              )}
            </Stack>
          ),
        },
        {
          label: t('addresses.kind'),
          cell: ({ kind }) => (
            <Badge variant={kind === 'account' ? 'default' : 'outline'} tt="none" fw={500}>
              {t(`addresses.${kind}`)}
            </Badge>
          ),
        },
        { label: t('addresses.goesTo'), cell: (address) => <Receivers address={address} /> },
        {
          label: t('addresses.change'),
          isLabelHidden: true,
          align: 'end',
          cell: (one) =>
            one.kind !== 'account' && (
              <Group gap="xs" justify="flex-end" wrap="nowrap">
                <Button
                  size="xs"
                  variant="default"
                  aria-label={t('addresses.changeNamed', { address: one.address })}
                  onClick={() => onEdit(one)}
                >
                  {t('addresses.change')}
                </Button>
                <Button
                  size="xs"
                  variant="default"
                  aria-label={t('addresses.removeNamed', { address: one.address })}
                  onClick={() => onRemove(one)}
                >
                  {t('addresses.remove')}
                </Button>
              </Group>
            ),
        },
      ]}
    />
  )
}

const mostNamed = 3

function Receivers({ address: { accountIds, forwardTo } }: { address: LocalAddress }) {
  const { counted } = useWords()
  const others = accountIds.length - mostNamed
  return (
    <Stack gap={0}>
      {accountIds.slice(0, mostNamed).map((id) => (
        <Text key={id} size="sm" component="span">
          <AccountName accountId={id} />
        </Text>
      ))}
      {others > 0 && (
        <Text size="xs" c="dimmed">
          {counted('addresses.more', others)}
        </Text>
      )}
      {forwardTo.map((address) => (
        <Text key={address} size="sm" style={{ overflowWrap: 'anywhere' }}>
          {address}
        </Text>
      ))}
    </Stack>
  )
}
