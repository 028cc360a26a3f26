/**
 * Keeps what the system says of itself: log lines, audit entries and the spans of traces.
 * Lines and spans lie in one partition a day and go after LOG_RETENTION_DAYS; audit entries stay.
 * Services and holders of a service key write; admins read.
 */
import { cursorAt, pageOf, placeOf } from '#platform/pages.ts'
import { logs } from '#contracts/logs.ts'
import { integer } from '#platform/config.ts'
import { defineService, subscription, type ServiceContext } from '#platform/service.ts'
import { verifyChain } from './audit-chain.ts'
import { auditPlace, linePlace, tracePlace } from './cursor.ts'
import { completeLine, isKept, oldestDay, reportedLine, type LineRow } from './lines.ts'
import { appendEntry, listEntries, readChain } from './store/audit.ts'
import { forgetFutureLines, linesOfTrace, listLines, showLine, storeLines } from './store/lines.ts'
import { addPartitions, dayMs, dayOf, dropPartitionsBefore, type Writing } from './store/partitions.ts'
import { listTraces, spansOfTrace, storeSpans } from './store/spans.ts'
import { announceLines, tailLines } from './tail.ts'
import { traceOf } from './trace-tree.ts'

const settings = {
  LOG_RETENTION_DAYS: integer('Days after which log lines and spans are dropped.', { default: 90, min: 1 }),
}

type Context = ServiceContext<typeof settings>

const most = { spans: 5000, lines: 1000 }

export default defineService({
  contract: logs,
  migrations: new URL('./migrations/', import.meta.url),
  settings,
  calls: {
    async writeLog(input, context) {
      const service = context.identity.kind === 'service' ? context.identity.name : null
      const line = completeLine(input, { service, traceId: context.trace.traceId })
      if (!isKept(line.time, context.settings.LOG_RETENTION_DAYS))
        context.fail('tooOld', `Lines are kept for ${context.settings.LOG_RETENTION_DAYS} days.`)
      await store(context, [line])
      return { id: line.id }
    },
    async reportLog(input, context) {
      const service = context.identity.kind === 'service' ? context.identity.name : undefined
      const { id, time } = completeLine(input)
      await context.publish('lineReported', { service, ...input, id, time: input.time ?? time.toISOString() })
      return { id }
    },
    async writeLines({ lines }, context) {
      const stored = await store(
        context,
        lines.map((line) => completeLine(line)),
      )
      return { stored, ignored: lines.length - stored }
    },
    async listLogs({ cursor, limit, ...filter }, context) {
      const after = placeOf(linePlace, cursor, context)
      const since = new Date(oldestDay(context.settings.LOG_RETENTION_DAYS))
      const lines = await listLines(context.db, filter, { limit: limit + 1, after, since })
      return pageOf(lines, limit, cursorAt(linePlace))
    },
    async showLog({ id }, context) {
      return (await showLine(context.db, id)) ?? context.fail('notFound')
    },
    async writeSpans({ spans }, context) {
      const kept = spans.filter(({ startedAt }) => {
        const time = new Date(startedAt)
        return isKept(time, context.settings.LOG_RETENTION_DAYS) && time.getTime() < Date.now() + dayMs
      })
      const stored = await storeSpans(context, kept)
      return { stored, ignored: spans.length - stored }
    },
    async listTraces({ cursor, limit, ...filter }, context) {
      const after = placeOf(tracePlace, cursor, context)
      const traces = await listTraces(context.db, filter, { limit: limit + 1, after })
      return pageOf(traces, limit, cursorAt(tracePlace))
    },
    async showTrace({ traceId }, context) {
      const spans = await spansOfTrace(context.db, traceId, most.spans + 1)
      const lines = await linesOfTrace(context.db, traceId, most.lines + 1)
      if (spans.length === 0 && lines.length === 0) context.fail('notFound')
      return {
        ...traceOf(spans.slice(0, most.spans)),
        traceId,
        lines: lines.slice(0, most.lines),
        isTruncated: spans.length > most.spans || lines.length > most.lines,
      }
    },
    async appendAudit(input, context) {
      const reporter = context.identity.kind === 'service' ? context.identity.name : context.service
      return appendEntry(context.tx, reporter, input)
    },
    async listAudit({ cursor, limit, ...filter }, context) {
      const before = placeOf(auditPlace, cursor, context)?.sequence
      const entries = await listEntries(context.db, filter, { limit: limit + 1, before })
      return pageOf(entries, limit, cursorAt(auditPlace))
    },
    verifyAudit: (_input, context) => readChain(context.db, verifyChain),
  },
  streams: { tail: tailLines },
  roles: {
    api: {
      summary: 'answers the calls and streams, and keeps the partitions',
      jobs: [{ name: 'keepPartitions', everyMs: 3_600_000, run: keepPartitions }],
    },
    listener: {
      summary: 'stores the lines that come over the bus',
      subscriptions: [
        subscription<typeof logs.events.lineReported, typeof settings>({
          name: 'logs.storeLines',
          event: logs.events.lineReported,
          keys: ['log.INFO', 'log.WARNING', 'log.ERROR'],
          batch: 100,
          handle: async (deliveries, context) => {
            await store(context, deliveries.map(reportedLine))
          },
        }),
      ],
    },
  },
})

/** Stores what is young enough and not there yet, and gives how many those were. */
async function store(context: Context & Writing, lines: LineRow[]): Promise<number> {
  const kept = lines.filter(({ time }) => isKept(time, context.settings.LOG_RETENTION_DAYS))
  const stored = await storeLines(context, kept)
  if (stored > 0) context.afterCommit(() => announceLines(context.signals))
  return stored
}

/** Makes the partitions of the days to come and drops those past retention. */
async function keepPartitions({ db, log, settings }: Context): Promise<void> {
  const oldest = oldestDay(settings.LOG_RETENTION_DAYS)
  const coming = [0, 1, 2].map((days) => dayOf(Date.now() + days * dayMs))
  for (const table of ['lines', 'spans'] as const) {
    await db.transaction().execute((tx) => addPartitions(tx, table, coming))
    const dropped = await dropPartitionsBefore(db, table, oldest)
    if (dropped.length > 0) log.info({ table, days: dropped }, 'dropped what is past retention')
  }
  await forgetFutureLines(db, oldest)
}
