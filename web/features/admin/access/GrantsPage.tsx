/** Who may make which call, as the contracts say it. */
import { Badge, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { ListChecks } from 'lucide-react'
import type { OutputOf } from '#contracts/client.ts'
import { AccountRole } from '#contracts/identity/account.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { DataTable } from '#web/ui/DataTable.tsx'
import { List } from '#web/ui/List.tsx'
import { Page } from '#web/ui/Page.tsx'
import { SearchInput } from '#web/ui/SearchInput.tsx'
import { Empty } from '#web/ui/states.tsx'

type Grant = OutputOf<typeof identity.calls.listGrants>['items'][number]
type Caller = Grant['roles'][number]

const callers: readonly Caller[] = ['anonymous', ...AccountRole.options]

export function GrantsPage() {
  const { t, counted } = useWords()
  const search = useSearch({ from: '/shell/admin/grants' })
  const grants = useQuery({
    ...queryOf(identity.calls.listGrants, {}),
    select: ({ items }) => items.filter((grant) => isWanted(grant, search)),
  })
  return (
    <Page title={t('admin.grants')} text={t('grants.text')} width="wide">
      <Stack>
        <Filters />
        {grants.data && (
          <Text size="sm" c="dimmed" role="status">
            {counted('grants.count', grants.data.length)}
          </Text>
        )}
        <List query={grants} empty={<Empty icon={ListChecks} title={t('admin.nothingFound')} />}>
          {(items) => <GrantTable grants={items} />}
        </List>
      </Stack>
    </Page>
  )
}

interface GrantSearch {
  service?: string
  role?: string
  search?: string
}

function isWanted({ service, call, roles, http }: Grant, wanted: GrantSearch): boolean {
  const text = [`${service}.${call}`, ...http].join(' ').toLowerCase()
  return (
    (!wanted.service || service === wanted.service) &&
    (!wanted.role || roles.includes(wanted.role as Caller)) &&
    text.includes((wanted.search ?? '').trim().toLowerCase())
  )
}

function Filters() {
  const { t } = useWords()
  const search = useSearch({ from: '/shell/admin/grants' })
  const navigate = useNavigate({ from: '/admin/grants' })
  const all = useQuery(queryOf(identity.calls.listGrants, {}))
  const services = [...new Set(all.data?.items.map(({ service }) => service))].toSorted()
  const change = (part: GrantSearch) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true })
  return (
    <Group align="flex-end" gap="sm">
      <SearchInput
        label={t('admin.search')}
        placeholder={t('grants.searchHint')}
        value={search.search}
        onSearch={(text) => change({ search: text })}
        flex="1 1 14rem"
      />
      <NativeSelect
        label={t('admin.service')}
        value={search.service ?? ''}
        onChange={({ currentTarget }) => change({ service: currentTarget.value })}
        data={[{ value: '', label: t('admin.all') }, ...services]}
      />
      <NativeSelect
        label={t('grants.mayCall')}
        value={search.role ?? ''}
        onChange={({ currentTarget }) => change({ role: currentTarget.value })}
        data={[
          { value: '', label: t('grants.anyone') },
          ...callers.map((caller) => ({ value: caller, label: t(`role.${caller}`) })),
        ]}
      />
    </Group>
  )
}

function GrantTable({ grants }: { grants: readonly Grant[] }) {
  const { t } = useWords()
  return (
    <DataTable
      label={t('admin.grants')}
      items={grants}
      keyOf={({ service, call }) => `${service}.${call}`}
      columns={[
        { label: t('grants.call'), cell: (grant) => <NamedCall {...grant} /> },
        { label: t('grants.kind'), cell: ({ kind }) => t(`grants.${kind}`) },
        { label: t('grants.mayCall'), cell: (grant) => <Callers {...grant} /> },
        { label: t('grants.rows'), cell: ({ owned }) => ownedText(owned) },
      ]}
    />
  )

  function ownedText(owned: string | null): string {
    if (owned === null) return t('grants.allRows')
    return owned === 'self' ? t('grants.ownRows') : t('grants.ownedRows', { field: owned })
  }
}

function NamedCall({ service, call, http }: Grant) {
  return (
    <Stack gap={0} style={{ overflowWrap: 'anywhere' }}>
      <Text size="sm" fw={500} ff="monospace">
        {service}.{call}
      </Text>
      {http.map((door) => (
        <Text key={door} size="xs" c="dimmed" ff="monospace">
          {door}
        </Text>
      ))}
    </Stack>
  )
}

function Callers({ access, roles }: Grant) {
  const { t } = useWords()
  const lowest = callers.find((caller) => roles.includes(caller))
  return (
    <Badge variant={access === 'public' ? 'default' : 'outline'} tt="none" fw={500}>
      {lowest === undefined
        ? t('grants.services')
        : lowest === 'anonymous'
          ? t('role.anonymous')
          : t('grants.from', { role: t(`role.${lowest}`) })}
    </Badge>
  )
}
