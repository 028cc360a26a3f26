import { sql } from 'kysely'
import type { z } from 'zod'
import type { Offender } from '#contracts/identity/protection.ts'
import type { Database } from '#platform/database/database.ts'
import { isoTime } from '#platform/database/iso-time.ts'
import { pushedTable } from './pushed.ts'

export type OffenderRow = z.output<typeof Offender>

/**
 * Marks an address; where it is marked already, the harder mark counts, and of two alike the longer one. Gives whether
 * anything changed.
 */
export async function putOffender(
  tx: Database,
  { id, address, state, until }: Omit<OffenderRow, 'createdAt'>,
): Promise<boolean> {
  const { rows: known } = await sql`
    select from offenders where address = ${address} and removed_at is null
      and until >= ${until} and (state = ${state} or state = 'blocked')`.execute(tx)
  if (known.length > 0) return false
  const revision = await offenders.nextRevision(tx)
  const { numAffectedRows } = await sql`
    insert into offenders (id, address, state, until, revision)
    values (${id}, ${address}, ${state}, ${until}, ${revision})
    on conflict (address) where removed_at is null do update
    set state = excluded.state, until = excluded.until, revision = excluded.revision
    where offenders.until <= now() or (excluded.state = offenders.state and excluded.until > offenders.until)
      or (excluded.state = 'blocked' and offenders.state = 'slowed')`.execute(tx)
  return numAffectedRows === 1n
}

/** Whether it was there. */
export async function removeOffender(tx: Database, id: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update offenders set removed_at = now(), revision = ${await offenders.nextRevision(tx)}
    where id = ${id} and removed_at is null`.execute(tx)
  return numAffectedRows === 1n
}

/** Those whose time is over, and, of more than `most`, the ones marked longest ago. Gives how many there were. */
export async function removePastOffenders(tx: Database, most: number): Promise<number> {
  const past = sql`
    select id from offenders where removed_at is null and until <= now()
    union (select id from offenders where removed_at is null order by id desc offset ${most})`
  const { rows } = await sql`${past} limit 1`.execute(tx)
  if (rows.length === 0) return 0
  const { numAffectedRows } = await sql`
    update offenders set removed_at = now(), revision = ${await offenders.nextRevision(tx)}
    where id in (${past})`.execute(tx)
  return Number(numAffectedRows)
}

/** Newest first, before the id `before`, without those whose time is over. */
export async function listOffenders(
  db: Database,
  { limit, before }: { limit: number; before: string | undefined },
): Promise<OffenderRow[]> {
  const { rows } = await sql<OffenderRow>`
    select ${columns} from offenders
    where removed_at is null and until > now()
      and (${before ?? null}::uuid is null or id < ${before ?? null}::uuid)
    order by id desc limit ${limit}`.execute(db)
  return rows
}

const columns = sql`
  id, address, state, ${isoTime('until')} as until, ${isoTime('offenders.created_at')} as "createdAt"`

export const offenders = pushedTable<OffenderRow>('offenders', columns)
