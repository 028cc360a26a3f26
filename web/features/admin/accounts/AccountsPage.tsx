/** Everybody who has an account. */
import { Badge, Button, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { FileUp, UserPlus, Users } from 'lucide-react'
import { useState } from 'react'
import { AccountRole, type Account } from '#contracts/identity/account.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { pagesOf } from '#web/app/queries.ts'
import { LinkAnchor } from '#web/ui/LinkAnchor.tsx'
import { DataTable } from '#web/ui/DataTable.tsx'
import { List } from '#web/ui/List.tsx'
import { Page } from '#web/ui/Page.tsx'
import { Picture } from '#web/ui/Picture.tsx'
import { SearchInput } from '#web/ui/SearchInput.tsx'
import { Empty } from '#web/ui/states.tsx'
import { NewAccountDialog } from './NewAccountDialog.tsx'
import { RoleBadges } from './RoleBadges.tsx'

export function AccountsPage() {
  const { t } = useWords()
  const [isOpen, setOpen] = useState(false)
  const search = useSearch({ from: '/shell/admin/accounts' })
  const role = AccountRole.options.find((role) => role === search.role)
  const isDisabled = search.state && (search.state === 'disabled' ? 'true' : 'false')
  const accounts = useInfiniteQuery(
    pagesOf(identity.calls.listAccounts, {
      ...(search.search && { search: search.search }),
      ...(role && { role }),
      ...(isDisabled && { isDisabled }),
    }),
  )
  const actions = (
    <Group gap="xs">
      <Button
        component={Link}
        to="/admin/accounts/import"
        variant="default"
        leftSection={<FileUp size={16} />}
      >
        {t('accounts.import')}
      </Button>
      <Button leftSection={<UserPlus size={16} />} onClick={() => setOpen(true)}>
        {t('accounts.add')}
      </Button>
    </Group>
  )
  return (
    <Page title={t('admin.accounts')} text={t('accounts.text')} actions={actions} width="wide">
      <Stack>
        <Filters />
        <List query={accounts} empty={<Empty icon={Users} title={t('admin.nothingFound')} />}>
          {(items) => <AccountTable accounts={items} />}
        </List>
      </Stack>
      {isOpen && <NewAccountDialog onClose={() => setOpen(false)} />}
    </Page>
  )
}

function Filters() {
  const { t } = useWords()
  const search = useSearch({ from: '/shell/admin/accounts' })
  const navigate = useNavigate({ from: '/admin/accounts' })
  const change = (part: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true })
  return (
    <Group align="flex-end" gap="sm">
      <SearchInput
        label={t('admin.search')}
        placeholder={t('accounts.searchHint')}
        value={search.search}
        onSearch={(text) => change({ search: text })}
        flex="1 1 14rem"
      />
      <NativeSelect
        label={t('field.role')}
        value={search.role ?? ''}
        onChange={({ currentTarget }) => change({ role: currentTarget.value })}
        data={[
          { value: '', label: t('admin.all') },
          ...AccountRole.options.map((role) => ({ value: role, label: t(`role.${role}`) })),
        ]}
      />
      <NativeSelect
        label={t('admin.state')}
        value={search.state ?? ''}
        onChange={({ currentTarget }) => change({ state: currentTarget.value })}
        data={[
          { value: '', label: t('admin.all') },
          { value: 'active', label: t('accounts.active') },
          { value: 'disabled', label: t('accounts.disabled') },
        ]}
      />
    </Group>
  )
}

function AccountTable({ accounts }: { accounts: readonly Account[] }) {
  const { t, date } = useWords()
  return (
    <DataTable
      label={t('admin.accounts')}
      items={accounts}
      keyOf={({ id }) => id}
      columns={[
        { label: t('field.name'), cell: (account) => <Person account={account} /> },
        { label: t('field.role'), cell: ({ roles }) => <RoleBadges roles={roles} /> },
        {
          label: t('field.phone.label'),
          cell: ({ phone, isPhoneVerified }) =>
            phone && <Reached address={phone} isVerified={isPhoneVerified} />,
        },
        {
          label: t('admin.state'),
          cell: ({ isDisabled }) => (
            <Badge variant="dot" color={isDisabled ? 'gray' : 'green'} tt="none" fw={500}>
              {isDisabled ? t('accounts.disabled') : t('accounts.active')}
            </Badge>
          ),
        },
        { label: t('accounts.since'), cell: ({ createdAt }) => date(createdAt) },
      ]}
    />
  )
}

function Person({ account }: { account: Account }) {
  return (
    <Group gap="sm" wrap="nowrap">
      <Picture account={account} />
      <Stack gap={0} miw={0}>
        <LinkAnchor to="/admin/accounts/$accountId" params={{ accountId: account.id }} fw={600} c="inherit">
          {account.name}
        </LinkAnchor>
        <Text size="sm" c="dimmed" truncate>
          {account.userid ?? account.email}
        </Text>
      </Stack>
    </Group>
  )
}

function Reached({ address, isVerified }: { address: string; isVerified: boolean }) {
  const { t } = useWords()
  return (
    <>
      <span style={{ whiteSpace: 'nowrap' }}>{address}</span>
      {!isVerified && (
        <Text size="xs" c="dimmed">
          {t('profile.notVerified')}
        </Text>
      )}
    </>
  )
}
