/** What the system did lately, piece by piece of work. */
import { Badge, Checkbox, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Waypoints } from 'lucide-react'
import { contracts } from '#contracts/all.ts'
import { logs } from '#contracts/logs.ts'
import { useWords } from '#web/app/language.tsx'
import { pagesOf } from '#web/app/queries.ts'
import { useTimes } from '#web/features/admin/times.ts'
import { LinkAnchor } from '#web/ui/LinkAnchor.tsx'
import { DataTable } from '#web/ui/DataTable.tsx'
import { List } from '#web/ui/List.tsx'
import { Page } from '#web/ui/Page.tsx'
import { Empty } from '#web/ui/states.tsx'

const slowMs = [10, 100, 1000] as const

export function TracesPage() {
  const { t, counted } = useWords()
  const { exact, duration } = useTimes()
  const search = useSearch({ from: '/shell/admin/traces' })
  const traces = useInfiniteQuery(
    pagesOf(logs.calls.listTraces, {
      ...(search.service && { service: search.service }),
      ...(search.errors && { hasError: true }),
      ...(search.slow && { minDurationMs: Number(search.slow) || 0 }),
    }),
  )
  return (
    <Page title={t('admin.traces')} text={t('traces.text')} width="wide">
      <Stack>
        <Filters />
        <List query={traces} empty={<Empty icon={Waypoints} title={t('traces.none')} />}>
          {(items) => (
            <DataTable
              label={t('admin.traces')}
              items={items}
              keyOf={({ traceId }) => traceId}
              columns={[
                {
                  label: t('traces.work'),
                  cell: ({ traceId, service, name }) => (
                    <>
                      <LinkAnchor to="/admin/traces/$traceId" params={{ traceId }} fw={500}>
                        {name}
                      </LinkAnchor>
                      <Text size="xs" c="dimmed">
                        {service}
                      </Text>
                    </>
                  ),
                },
                { label: t('logs.time'), cell: ({ startedAt }) => exact(startedAt) },
                { label: t('traces.took'), cell: ({ durationMs }) => duration(durationMs) },
                { label: t('traces.parts'), cell: ({ spanCount }) => counted('traces.spans', spanCount) },
                {
                  label: t('admin.state'),
                  cell: ({ hasError }) => (
                    <Badge variant="dot" color={hasError ? 'red' : 'green'} tt="none" fw={500}>
                      {hasError ? t('traces.failed') : t('traces.fine')}
                    </Badge>
                  ),
                },
              ]}
            />
          )}
        </List>
      </Stack>
    </Page>
  )
}

function Filters() {
  const { t } = useWords()
  const { duration } = useTimes()
  const search = useSearch({ from: '/shell/admin/traces' })
  const navigate = useNavigate({ from: '/admin/traces' })
  const change = (part: Partial<Record<keyof typeof search, string | undefined>>) =>
    void navigate({ search: (before) => ({ ...before, ...part }) as typeof search, replace: true })
  return (
    <Group align="flex-end" gap="sm">
      <NativeSelect
        label={t('admin.service')}
        value={search.service ?? ''}
        onChange={({ currentTarget }) => change({ service: currentTarget.value })}
        data={[{ value: '', label: t('admin.all') }, ...contracts.map(({ name }) => name)]}
      />
      <NativeSelect
        label={t('traces.slow')}
        value={search.slow ?? ''}
        onChange={({ currentTarget }) => change({ slow: currentTarget.value })}
        data={[
          { value: '', label: t('admin.all') },
          ...slowMs.map((ms) => ({
            value: String(ms),
            label: t('traces.longer', { duration: duration(ms) }),
          })),
        ]}
      />
      <Checkbox
        pb={8}
        label={t('traces.onlyFailed')}
        checked={search.errors !== undefined}
        onChange={({ currentTarget }) => change({ errors: currentTarget.checked ? 'on' : undefined })}
      />
    </Group>
  )
}
