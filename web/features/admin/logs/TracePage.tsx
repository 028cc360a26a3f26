/** One trace: its parts as a waterfall, and what was logged meanwhile. */
import { Alert, Code, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { Waypoints } from 'lucide-react'
import type { OutputOf } from '#contracts/client.ts'
import { logs } from '#contracts/logs.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { useTimes } from '#web/features/admin/times.ts'
import { BackLink } from '#web/ui/BackLink.tsx'
import { Page } from '#web/ui/Page.tsx'
import { Section } from '#web/ui/Section.tsx'
import { Empty, Failed, Loading } from '#web/ui/states.tsx'
import { LineList } from './LineList.tsx'
import { Waterfall } from './Waterfall.tsx'

type Trace = OutputOf<typeof logs.calls.showTrace>

export function TracePage() {
  const { t } = useWords()
  const { traceId } = useParams({ from: '/shell/admin/traces/$traceId' })
  const trace = useQuery(queryOf(logs.calls.showTrace, { traceId }))
  return (
    <Page title={trace.data?.roots[0]?.name ?? t('traces.trace')} width="wide">
      <BackLink to="/admin/traces">{t('admin.traces')}</BackLink>
      {trace.isPending ? (
        <Loading rows={6} />
      ) : trace.isError ? (
        <Failed error={trace.error} onRetry={() => void trace.refetch()} />
      ) : (
        <Shown trace={trace.data} />
      )}
    </Page>
  )
}

function Shown({ trace }: { trace: Trace }) {
  const { t, counted } = useWords()
  const { exact, duration } = useTimes()
  const { traceId, startedAt, durationMs, roots, lines, isTruncated } = trace
  const about = [startedAt && exact(startedAt), duration(durationMs)].filter(Boolean).join(' · ')
  return (
    <>
      <Section
        title={t('traces.waterfall')}
        text={
          <>
            {about} · <Code>{traceId}</Code>
          </>
        }
      >
        {isTruncated && (
          <Alert color="yellow" variant="light" c="inherit" p="sm" mb="md">
            {t('traces.truncated')}
          </Alert>
        )}
        {roots.length === 0 || startedAt === null ? (
          <Empty icon={Waypoints} title={t('traces.noParts')} />
        ) : (
          <Waterfall roots={roots} startedAt={startedAt} />
        )}
      </Section>
      <Section title={t('admin.logs')} text={counted('traces.lines', lines.length)}>
        {lines.length === 0 ? <Text size="sm">{t('traces.noLines')}</Text> : <LineList lines={lines} />}
      </Section>
    </>
  )
}
