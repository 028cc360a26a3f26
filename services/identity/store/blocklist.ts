import { sql } from 'kysely'
import { isoTime } from '#platform/database/iso-time.ts'
import type { z } from 'zod'
import type { BlockedRange } from '#contracts/identity/protection.ts'
import type { Database } from '#platform/database/database.ts'
import { pushedTable } from './pushed.ts'

export type BlockedRangeRow = z.output<typeof BlockedRange>

export async function insertRange(
  tx: Database,
  { id, range, reason, expiresAt }: Omit<BlockedRangeRow, 'createdAt'>,
): Promise<BlockedRangeRow> {
  const revision = await blockedRanges.nextRevision(tx)
  const { rows } = await sql<BlockedRangeRow>`
    insert into blocked_ranges (id, range, reason, expires_at, revision)
    values (${id}, network(${range}::inet), ${reason}, ${expiresAt}, ${revision})
    returning ${columns}`.execute(tx)
  return rows[0]!
}

/** Whether it was there. */
export async function removeRange(tx: Database, id: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update blocked_ranges set removed_at = now(), revision = ${await blockedRanges.nextRevision(tx)}
    where id = ${id} and removed_at is null`.execute(tx)
  return numAffectedRows === 1n
}

/** Gives how many there were. */
export async function removeExpiredRanges(tx: Database): Promise<number> {
  const { rows } = await sql`
    select from blocked_ranges where expires_at <= now() and removed_at is null limit 1`.execute(tx)
  if (rows.length === 0) return 0
  const { numAffectedRows } = await sql`
    update blocked_ranges set removed_at = now(), revision = ${await blockedRanges.nextRevision(tx)}
    where expires_at <= now() and removed_at is null`.execute(tx)
  return Number(numAffectedRows)
}

/** Newest first, before the id `before`. */
export async function listRanges(
  db: Database,
  { limit, before }: { limit: number; before: string | undefined },
): Promise<BlockedRangeRow[]> {
  const { rows } = await sql<BlockedRangeRow>`
    select ${columns} from blocked_ranges
    where removed_at is null and (${before ?? null}::uuid is null or id < ${before ?? null}::uuid)
    order by id desc limit ${limit}`.execute(db)
  return rows
}

/** One address without its `/32` or `/128`. */
const columns = sql`
  id, case when masklen(range) = (case family(range) when 4 then 32 else 128 end) then host(range)
    else range::text end as range,
  reason, ${isoTime('expires_at')} as "expiresAt", ${isoTime('created_at')} as "createdAt"`

export const blockedRanges = pushedTable<BlockedRangeRow>('blocked_ranges', columns)
