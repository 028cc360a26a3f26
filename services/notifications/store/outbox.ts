import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import { columns, type NotificationRow } from './notifications.ts'

/**
 * A place in the order in which notifications were made or changed: after this one, of those that this transaction
 * changed. Ids of transactions are given at their start, so an earlier one may commit later. Hence a reader takes only
 * what transactions below the oldest that still runs have changed: whatever commits next comes after it.
 */
export interface Place {
  changedBy: number
  id: string
}

const lowestId = '00000000-0000-0000-0000-000000000000'

/** Before everything that changes from now on. */
export async function endOfOutbox(db: Database): Promise<Place> {
  const { rows } = await sql<{ changedBy: number }>`select ${oldestRunning} as "changedBy"`.execute(db)
  return { changedBy: rows[0]?.changedBy ?? 0, id: lowestId }
}

/**
 * The next that changed, at most `limit`, as they are now, and the place from which to read on. Held back: a transaction
 * runs that may have changed some, and so hides those of later ones.
 */
export async function readOutbox(
  db: Database,
  after: Place,
  limit: number,
): Promise<{ changes: NotificationRow[]; place: Place; isHeldBack: boolean }> {
  const { rows } = await sql<{ end: number; isHeldBack: boolean } & NotificationRow & Place>`
    select oldest_running as end,
      oldest_running < pg_snapshot_xmax(pg_current_snapshot())::text::bigint as "isHeldBack", next.*
    from (select ${oldestRunning} as oldest_running) as running
    left join lateral (
      select ${columns}, changed_by as "changedBy" from notifications
      where changed_by < oldest_running and (changed_by, id) > (${after.changedBy}::bigint, ${after.id}::uuid)
      order by changed_by, id limit ${limit}
    ) as next on true
    order by "changedBy", id`.execute(db)
  const changes = rows.filter(({ id }) => id !== null)
  const last = changes.length === limit ? changes.at(-1) : undefined
  const end = { changedBy: Math.max(after.changedBy, rows[0]?.end ?? 0), id: lowestId }
  return {
    changes,
    place: last ?? (end.changedBy > after.changedBy ? end : after),
    isHeldBack: rows[0]?.isHeldBack ?? false,
  }
}

/** The lowest transaction that has not ended. */
const oldestRunning = sql<number>`pg_snapshot_xmin(pg_current_snapshot())::text::bigint`
