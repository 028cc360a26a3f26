import { sql } from 'kysely'
import { isoTime } from '#platform/database/iso-time.ts'
import type { z } from 'zod'
import type { NewSpan, TraceSummary } from '#contracts/logs.ts'
import type { Database } from '#platform/database/database.ts'
import type { tracePlace } from '../cursor.ts'
import type { Span } from '../trace-tree.ts'
import { allOf, clean } from './lines.ts'
import { needPartitions, type Writing } from './partitions.ts'

/** A root span after which a list of traces goes on. */
type Place = z.output<typeof tracePlace>
type Summary = z.output<typeof TraceSummary> & Place

export interface TraceFilter {
  service?: string | undefined
  hasError?: boolean | undefined
  minDurationMs?: number | undefined
  from?: string | undefined
  to?: string | undefined
}

/** Stores the spans that are not there yet and gives how many those were. */
export async function storeSpans(
  writing: Writing,
  spans: readonly z.output<typeof NewSpan>[],
): Promise<number> {
  if (spans.length === 0) return 0
  await needPartitions(
    writing,
    'spans',
    spans.map(({ startedAt }) => new Date(startedAt)),
  )
  const { numAffectedRows } = await sql`
    insert into spans
      (trace_id, span_id, parent_span_id, service, name, kind, started_at, duration_ms, error)
    select "traceId", "spanId", "parentSpanId", service, name, kind, "startedAt", "durationMs", error
    from json_to_recordset(${JSON.stringify(spans.map(cleanSpan))}::json) as span (
      "traceId" uuid, "spanId" text, "parentSpanId" text, service text, name text, kind text,
      "startedAt" timestamptz, "durationMs" double precision, error text)
    order by 1, 2, "startedAt"
    on conflict do nothing`.execute(writing.tx)
  return Number(numAffectedRows ?? 0)
}

/** Oldest first. */
export async function spansOfTrace(db: Database, traceId: string, limit: number): Promise<Span[]> {
  const { rows } = await sql<Span>`
    select span_id as "spanId", parent_span_id as "parentSpanId", service, name, kind,
      ${isoTime('started_at')} as "startedAt", duration_ms as "durationMs", error
    from spans where trace_id = ${traceId}::uuid order by started_at, span_id limit ${limit}`.execute(db)
  return rows
}

/** By their root spans, the ones whose parent is not stored, newest first. */
export async function listTraces(
  db: Database,
  { service, hasError, minDurationMs, from, to }: TraceFilter,
  page: { limit: number; after: Place | undefined },
): Promise<Summary[]> {
  const failed = sql`exists (select from spans where spans.trace_id = root.trace_id and error is not null)`
  const { rows } = await sql<Summary>`
    select replace(root.trace_id::text, '-', '') as "traceId", root.span_id as "spanId", service, name,
      ${isoTime('root.started_at')} as "startedAt", duration_ms as "durationMs",
      of_trace.*
    from (
      select * from spans as root
      where ${allOf([
        sql`not exists (select from spans as parent
          where parent.trace_id = root.trace_id and parent.span_id = root.parent_span_id)`,
        service === undefined ? undefined : sql`service = ${service}`,
        minDurationMs === undefined ? undefined : sql`duration_ms >= ${minDurationMs}`,
        from === undefined ? undefined : sql`started_at >= ${from}::timestamptz`,
        to === undefined ? undefined : sql`started_at < ${to}::timestamptz`,
        hasError === undefined ? undefined : sql`${failed} = ${hasError}`,
        page.after &&
          sql`(started_at, span_id) < (${page.after.startedAt}::timestamptz, ${page.after.spanId})`,
      ])}
      order by started_at desc, span_id desc limit ${page.limit}
    ) as root, lateral (
      select count(*) as "spanCount", bool_or(spans.error is not null) as "hasError"
      from spans where spans.trace_id = root.trace_id
    ) as of_trace
    order by root.started_at desc, root.span_id desc`.execute(db)
  return rows
}

function cleanSpan(span: z.output<typeof NewSpan>) {
  const { service, name, error } = span
  return { ...span, service: clean(service), name: clean(name), error: error && clean(error) }
}
