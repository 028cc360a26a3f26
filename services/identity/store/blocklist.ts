import { sql } from 'kysely'
import { isoTime } from '#platform/database/iso-time.ts'
import type { z } from 'zod'
import type { BlockedRange } from '#contracts/identity.ts'
import type { Database } from '#platform/database/database.ts'
import type { Place, Reading } from '#platform/replica/source.ts'

export type BlockedRangeRow = z.output<typeof BlockedRange>

export async function insertRange(
  tx: Database,
  { id, range, reason, expiresAt }: Omit<BlockedRangeRow, 'createdAt'>,
): Promise<BlockedRangeRow> {
  const revision = await nextRevision(tx)
  const { rows } = await sql<BlockedRangeRow>`
    insert into blocked_ranges (id, range, reason, expires_at, revision)
    values (${id}, network(${range}::inet), ${reason}, ${expiresAt}, ${revision})
    returning ${columns}`.execute(tx)
  return rows[0]!
}

/** Whether it was there. */
export async function removeRange(tx: Database, id: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update blocked_ranges set removed_at = now(), revision = ${await nextRevision(tx)}
    where id = ${id} and removed_at is null`.execute(tx)
  return numAffectedRows === 1n
}

/** Gives how many there were. */
export async function removeExpiredRanges(tx: Database): Promise<number> {
  const { rows } = await sql`
    select from blocked_ranges where expires_at <= now() and removed_at is null limit 1`.execute(tx)
  if (rows.length === 0) return 0
  const { numAffectedRows } = await sql`
    update blocked_ranges set removed_at = now(), revision = ${await nextRevision(tx)}
    where expires_at <= now() and removed_at is null`.execute(tx)
  return Number(numAffectedRows)
}

/** Of those taken off. */
export async function forgetRanges(db: Database, days: number): Promise<void> {
  await sql`
    with forgotten as (
      delete from blocked_ranges where removed_at < now() - make_interval(days => ${days}) returning revision
    )
    update blocklist_head set forgotten = greatest(forgotten, (select max(revision) from forgotten))
    where exists (select from forgotten)`.execute(db)
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

interface Change extends BlockedRangeRow {
  epoch: string
  head: number
  isWhole: boolean
  isRemoved: boolean
}

/** What has changed since, or everything where that is not known. */
export async function readRanges(db: Database, since: Place | undefined): Promise<Reading<BlockedRangeRow>> {
  const { rows } = await sql<Change>`
    select head.epoch, head.revision as head, head.is_whole as "isWhole", changed.*
    from (
      select *, (epoch = ${since?.epoch ?? null}::uuid and forgotten <= ${since?.revision ?? 0}) is not true as is_whole
      from blocklist_head
    ) as head
    left join lateral (
      select ${columns}, removed_at is not null as "isRemoved" from blocked_ranges
      where case when head.is_whole then removed_at is null
        else blocked_ranges.revision > ${since?.revision ?? 0} end
    ) as changed on true`.execute(db)
  const { epoch, head: revision, isWhole } = rows[0]!
  const changed = rows.filter(({ id }) => id !== null)
  return {
    epoch,
    revision,
    isWhole,
    put: changed.filter(({ isRemoved }) => !isRemoved).map(rangeOf),
    removed: changed.filter(({ isRemoved }) => isRemoved).map(({ id }) => id),
    isComplete: true,
  }
}

function rangeOf({ id, range, reason, expiresAt, createdAt }: BlockedRangeRow): BlockedRangeRow {
  return { id, range, reason, expiresAt, createdAt }
}

async function nextRevision(tx: Database): Promise<number> {
  const { rows } = await sql<{ revision: number }>`
    update blocklist_head set revision = revision + 1 returning revision`.execute(tx)
  return rows[0]!.revision
}

/** One address without its `/32` or `/128`. */
const columns = sql`
  id, case when masklen(range) = (case family(range) when 4 then 32 else 128 end) then host(range)
    else range::text end as range,
  reason, ${isoTime('expires_at')} as "expiresAt", ${isoTime('created_at')} as "createdAt"`
