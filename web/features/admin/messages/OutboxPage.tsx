/** Every mail, SMS and push, as it is made and sent. */
import { Alert, Group, NativeSelect, Stack } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Info, Send } from 'lucide-react'
import { Channel, NotificationState, notifications } from '#contracts/notifications.ts'
import { useWords } from '#web/app/language.tsx'
import { keyOf, pagesOf, queryOf, useStream } from '#web/app/queries.ts'
import { List } from '#web/ui/List.tsx'
import { Page } from '#web/ui/Page.tsx'
import { SearchInput } from '#web/ui/SearchInput.tsx'
import { Empty } from '#web/ui/states.tsx'
import { NotificationDrawer } from './NotificationDrawer.tsx'
import { NotificationTable } from './NotificationTable.tsx'

export function OutboxPage() {
  const { t } = useWords()
  const search = useSearch({ from: '/shell/admin/outbox' })
  const navigate = useNavigate({ from: '/admin/outbox' })
  const channel = Channel.options.find((one) => one === search.channel)
  const state = NotificationState.options.find((one) => one === search.state)
  const sent = useInfiniteQuery(
    pagesOf(notifications.calls.listNotifications, {
      ...(channel && { channel }),
      ...(state && { state }),
      ...(search.search && { search: search.search }),
    }),
  )
  useFreshOutbox()
  const isFiltered = channel ?? state ?? search.search
  return (
    <Page title={t('admin.outbox')} text={t('outbox.text')} width="wide">
      <Stack>
        <ProviderHint />
        <Filters />
        <List
          query={sent}
          empty={
            <Empty
              icon={Send}
              title={isFiltered ? t('admin.nothingFound') : t('outbox.none')}
              {...(!isFiltered && { text: t('outbox.noneText') })}
            />
          }
        >
          {(items) => <NotificationTable notifications={items} />}
        </List>
      </Stack>
      {search.id !== undefined && (
        <NotificationDrawer
          id={search.id}
          onClose={() => void navigate({ search: (before) => ({ ...before, id: undefined }) as object })}
        />
      )}
    </Page>
  )
}

/** What is shown is asked for again when something changes; many changes at once are one. */
function useFreshOutbox(): void {
  const queries = useQueryClient()
  const refresh = useDebouncedCallback(() => {
    for (const call of [notifications.calls.listNotifications, notifications.calls.showNotification])
      void queries.invalidateQueries({ queryKey: keyOf(call) })
  }, 250)
  useStream(notifications.streams.outbox, {}, { keep: 0, onItem: refresh })
}

function ProviderHint() {
  const { t, locale } = useWords()
  const { data } = useQuery(queryOf(notifications.calls.showProviders, {}))
  const missing = data ? Channel.options.filter((channel) => !data[channel]) : []
  if (missing.length === 0) return null
  const names = new Intl.ListFormat(locale).format(missing.map((channel) => t(`channel.${channel}`)))
  return (
    <Alert color="yellow" variant="light" c="inherit" p="sm" icon={<Info size={18} />}>
      {t('outbox.noProvider', { channels: names })}
    </Alert>
  )
}

function Filters() {
  const { t } = useWords()
  const search = useSearch({ from: '/shell/admin/outbox' })
  const navigate = useNavigate({ from: '/admin/outbox' })
  const change = (part: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true })
  return (
    <Group align="flex-end" gap="sm">
      <SearchInput
        label={t('admin.search')}
        placeholder={t('outbox.searchHint')}
        value={search.search}
        onSearch={(text) => change({ search: text })}
        flex="1 1 14rem"
      />
      <NativeSelect
        label={t('outbox.channel')}
        value={search.channel ?? ''}
        onChange={({ currentTarget }) => change({ channel: currentTarget.value })}
        data={[
          { value: '', label: t('admin.all') },
          ...Channel.options.map((channel) => ({ value: channel, label: t(`channel.${channel}`) })),
        ]}
      />
      <NativeSelect
        label={t('admin.state')}
        value={search.state ?? ''}
        onChange={({ currentTarget }) => change({ state: currentTarget.value })}
        data={[
          { value: '', label: t('admin.all') },
          ...NotificationState.options.map((state) => ({ value: state, label: t(`sent.${state}`) })),
        ]}
      />
    </Group>
  )
}
