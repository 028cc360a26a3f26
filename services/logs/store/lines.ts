import { sql, type RawBuilder } from 'kysely'
import { isoTime } from '#platform/database/iso-time.ts'
import type { z } from 'zod'
import type { LineFilter, LogLine } from '#contracts/logs.ts'
import type { Database } from '#platform/database/database.ts'
import type { linePlace } from '../cursor.ts'
import type { LineRow } from '../lines.ts'
import { needPartitions, type Writing } from './partitions.ts'

export type Line = z.output<typeof LogLine>
type Place = z.output<typeof linePlace>
export type Filter = z.output<typeof LineFilter>

/** Stores the lines that are not there yet and gives how many those were. */
export async function storeLines(writing: Writing, lines: readonly LineRow[]): Promise<number> {
  if (lines.length === 0) return 0
  await needPartitions(
    writing,
    'lines',
    lines.map(({ time }) => time),
  )
  const column = (valueOf: (line: LineRow) => unknown) => sql.val(lines.map(valueOf))
  // Sorted, so that writers of the same lines wait for each other instead of ending in a deadlock.
  const { numAffectedRows } = await sql`
    with given as (
      select * from unnest(
        ${column((line) => line.time)}::timestamptz[], ${column((line) => line.id)}::uuid[],
        ${column((line) => line.level)}::text[], ${column((line) => line.service && clean(line.service))}::text[],
        ${column((line) => clean(line.name))}::text[], ${column((line) => clean(line.data))}::text[],
        ${column((line) => line.fields && JSON.stringify(line.fields))}::json[],
        ${column((line) => line.traceId)}::uuid[], ${column((line) => line.reportedTime)}::timestamptz[]
      ) as line (time, id, level, service, name, data, fields, trace_id, reported_time)
    ), new_future as (
      insert into future_lines (id) select id from given where reported_time is not null order by id
      on conflict do nothing returning id
    )
    insert into lines (time, id, level, service, name, data, fields, trace_id, reported_time)
    select * from given
    where case when reported_time is null
      then not exists (select from future_lines where future_lines.id = given.id)
      else id in (select id from new_future) end
    order by time, id
    on conflict do nothing`.execute(writing.tx)
  return Number(numAffectedRows ?? 0)
}

export async function showLine(db: Database, id: string): Promise<Line | undefined> {
  const { rows } = await sql<Line>`select ${columns} from lines where id = ${id}`.execute(db)
  return rows[0]
}

/** Newest first. `since` is the oldest time that is kept. */
export async function listLines(
  db: Database,
  filter: Filter,
  page: { limit: number; after: Place | undefined; since: Date },
): Promise<Line[]> {
  const after = page.after && sql`(time, id) < (${page.after.time}::timestamptz, ${page.after.id}::uuid)`
  if (filter.text !== undefined) return searchText(db, filter, after, page)
  const { rows } = await sql<Line>`
    select ${columns} from lines where ${allOf([...conditions(filter), after])}
    order by lines.time desc, lines.id desc limit ${page.limit}`.execute(db)
  return rows
}

/** Oldest first. */
export async function linesOfTrace(db: Database, traceId: string, limit: number): Promise<Line[]> {
  const { rows } = await sql<Line>`
    select ${columns} from lines where trace_id = ${traceId}::uuid
    order by lines.time, lines.id limit ${limit}`.execute(db)
  return rows
}

export async function forgetFutureLines(db: Database, before: string): Promise<void> {
  await sql`delete from future_lines where created_at < ${before}::timestamptz`.execute(db)
}

/** As `LogLine` says; times in the form of `Date.toISOString`. Order by `lines.time`: a bare `time` would be this text. */
export const columns = sql`
  id, ${isoTime('time')} as time, level, service, name, data, fields,
  replace(trace_id::text, '-', '') as "traceId", ${isoTime('reported_time')} as "reportedTime"`

export function allOf(conditions: (RawBuilder<unknown> | undefined)[]): RawBuilder<unknown> {
  const stated = conditions.filter((condition) => condition !== undefined)
  return stated.length === 0 ? sql`true` : sql.join(stated, sql` and `)
}

export function conditions(filter: Filter): (RawBuilder<unknown> | undefined)[] {
  const { service, level, name, text, from, to, traceId } = filter
  return [
    service === undefined ? undefined : sql`service = ${service}`,
    level === undefined || level.length === 0 ? undefined : sql`level = any(${level}::text[])`,
    name === undefined ? undefined : sql`name = ${name}`,
    text === undefined ? undefined : sql`words(data) @@ to_tsquery('simple', ${textQuery(text)})`,
    from === undefined ? undefined : sql`time >= ${from}::timestamptz`,
    to === undefined ? undefined : sql`time < ${to}::timestamptz`,
    traceId === undefined ? undefined : sql`trace_id = ${traceId}::uuid`,
  ]
}

/** `reach mail.example` is `reach:* & mail:* & example:*`. Splits as the SQL function `words` does. */
function textQuery(text: string): string {
  const words = clean(text).split(/[\s!-/:-@[-`{-~]+/)
  return words.flatMap((word) => (word === '' ? [] : [`${word}:*`])).join(' & ')
}

const hourMs = 3_600_000

/**
 * Searches back from the newest, in stretches of time each four times as long as the one before: a frequent word is found
 * in the first, a rare one in about seven, each by the index of words. One search over all days would either collect
 * every hit or walk all lines, and Postgres can't tell in advance which is less.
 */
async function searchText(
  db: Database,
  filter: Filter,
  after: RawBuilder<unknown> | undefined,
  page: { limit: number; after: Place | undefined; since: Date },
): Promise<Line[]> {
  const oldest = Math.max(page.since.getTime(), filter.from === undefined ? 0 : Date.parse(filter.from))
  const newest = Date.now() + 24 * hourMs
  // The cursor's own millisecond may have more lines.
  const last = page.after ? Date.parse(page.after.time) + 1 : newest
  let until = Math.min(last, filter.to === undefined ? newest : Date.parse(filter.to))
  const found: Line[] = []
  for (let width = hourMs; until > oldest && found.length < page.limit; width *= 4) {
    const from = Math.max(oldest, Math.min(until, Date.now()) - width)
    const stretch = { ...filter, from: new Date(from).toISOString(), to: new Date(until).toISOString() }
    // Materialized without an order: only the indexes of words and times are of use then.
    const { rows } = await sql<Line>`
      with hits as materialized (select * from lines where ${allOf([...conditions(stretch), after])})
      select ${columns} from hits order by hits.time desc, hits.id desc limit ${page.limit - found.length}`.execute(
      db,
    )
    found.push(...rows)
    until = from
  }
  return found
}

/** What Postgres can't keep in text, NUL and lone surrogates, as U+FFFD. */
export function clean(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed()
}
