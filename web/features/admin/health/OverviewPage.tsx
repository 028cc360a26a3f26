/** How the system fares: charts of the last 15 minutes, and what somebody should look at. */
import { SimpleGrid } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { bus } from '#contracts/bus.ts'
import { gateway } from '#contracts/gateway.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { useTimes } from '#web/features/admin/times.ts'
import { Page } from '#web/ui/Page.tsx'
import { Failed, Loading } from '#web/ui/states.tsx'
import { Attention } from './Attention.tsx'
import { ChartCard } from './ChartCard.tsx'

const lookMs = 5000

export function OverviewPage() {
  const { t, number } = useWords()
  const { duration } = useTimes()
  const health = useQuery({ ...queryOf(gateway.calls.showHealth, {}), refetchInterval: lookMs })
  const queues = useQuery({ ...queryOf(bus.calls.showQueues, {}), refetchInterval: lookMs })
  const rate = (value: number) =>
    t('overview.perSecond', { rate: number(value, { maximumFractionDigits: 1 }) })
  const count = (value: number) => number(Math.round(value))
  const samples = health.data?.samples ?? []
  const waiting = queues.data?.samples ?? []
  const times = samples.map(({ at }) => Date.parse(at))
  return (
    <Page title={t('admin.overview')} text={t('overview.text')} width="wide">
      <Attention />
      {health.isPending ? (
        <Loading rows={8} />
      ) : health.isError ? (
        <Failed error={health.error} onRetry={() => void health.refetch()} />
      ) : (
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" verticalSpacing={0}>
          <ChartCard
            title={t('overview.requests')}
            times={times}
            format={rate}
            lines={[
              {
                label: t('overview.requests'),
                values: samples.map(({ perSecond }) => perSecond),
                color: 'green',
              },
            ]}
          />
          <ChartCard
            title={t('overview.latency')}
            times={times}
            format={duration}
            lines={[
              {
                label: t('overview.median'),
                values: samples.map(({ medianMs }) => medianMs),
                color: 'green',
              },
              { label: t('overview.p95'), values: samples.map(({ p95Ms }) => p95Ms), color: 'yellow' },
              { label: t('overview.p99'), values: samples.map(({ p99Ms }) => p99Ms), color: 'red' },
            ]}
          />
          <ChartCard
            title={t('overview.errors')}
            times={times}
            format={rate}
            lines={[
              {
                label: t('overview.errors'),
                values: samples.map(({ errorsPerSecond }) => errorsPerSecond),
                color: 'red',
              },
            ]}
          />
          <ChartCard
            title={t('overview.waiting')}
            times={waiting.map(({ at }) => Date.parse(at))}
            format={count}
            isWhole
            lines={[
              { label: t('overview.waiting'), values: waiting.map(({ depth }) => depth), color: 'blue' },
            ]}
          />
        </SimpleGrid>
      )}
    </Page>
  )
}
