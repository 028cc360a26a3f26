import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import { allOf, columns, conditions, type Filter, type Line } from './lines.ts'

/**
 * A place in the order in which lines were stored: after this line, of those that this transaction stored.
 * Ids of transactions are given at their start, so an earlier one may commit later. Hence a reader takes only lines of
 * transactions below the oldest that still runs: all of those are known, whatever commits next comes after them.
 */
export interface TailPosition {
  storedBy: number
  id: string
}

const lowestId = '00000000-0000-0000-0000-000000000000'

/** Before everything that is stored from now on. */
export async function tailEnd(db: Database): Promise<TailPosition> {
  const { rows } = await sql<{ storedBy: number }>`select ${oldestRunning} as "storedBy"`.execute(db)
  return { storedBy: rows[0]?.storedBy ?? 0, id: lowestId }
}

/**
 * The next lines that match, at most `limit`, and the place from which to read on. Held back: a transaction runs that
 * may have stored lines, and so hides those of later ones.
 */
export async function readTail(
  db: Database,
  after: TailPosition,
  filter: Filter,
  limit: number,
): Promise<{ lines: (Line & TailPosition)[]; position: TailPosition; isHeldBack: boolean }> {
  const { rows } = await sql<{ end: number; isHeldBack: boolean } & (Line & TailPosition)>`
    select oldest_running as end, oldest_running < ${nextToBegin} as "isHeldBack", next.*
    from (select ${oldestRunning} as oldest_running) as running
    left join lateral (
      select ${columns}, stored_by as "storedBy" from lines
      where ${allOf([
        sql`stored_by < oldest_running`,
        sql`(stored_by, lines.id) > (${after.storedBy}::bigint, ${after.id}::uuid)`,
        ...conditions(filter),
      ])}
      order by stored_by, lines.id limit ${limit}
    ) as next on true
    order by "storedBy", id`.execute(db)
  const lines = rows.filter(({ id }) => id !== null)
  const last = lines.length === limit ? lines.at(-1) : undefined
  const end = { storedBy: Math.max(after.storedBy, rows[0]?.end ?? 0), id: lowestId }
  const position = last ?? (end.storedBy > after.storedBy ? end : after)
  return { lines, position, isHeldBack: rows[0]?.isHeldBack ?? false }
}

export function formatPosition({ storedBy, id }: TailPosition): string {
  return `${storedBy}-${id}`
}

/** Undefined for what `formatPosition` did not make. */
export function parsePosition(text: string): TailPosition | undefined {
  const match = /^(\d{1,15})-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/.exec(text)
  return match ? { storedBy: Number(match[1]), id: match[2]! } : undefined
}

/** The lowest transaction that has not ended. */
const oldestRunning = sql<number>`pg_snapshot_xmin(pg_current_snapshot())::text::bigint`

/** The next transaction to begin. */
const nextToBegin = sql<number>`pg_snapshot_xmax(pg_current_snapshot())::text::bigint`
