import { sql } from 'kysely'
import type { z } from 'zod'
import type { Erasure } from '#contracts/identity/privacy.ts'
import type { Database } from '#platform/database/database.ts'
import { isoTime } from '#platform/database/iso-time.ts'

export type ErasureRow = z.output<typeof Erasure>

/** Waits for the report of each of the services. */
export async function insertErasure(
  tx: Database,
  {
    id,
    accountId,
    blobIds,
    services,
  }: { id: string; accountId: string; blobIds: readonly string[]; services: readonly string[] },
): Promise<ErasureRow> {
  await sql`insert into erasures (id, account_id, blob_ids) values (${id}, ${accountId}, ${blobIds})`.execute(
    tx,
  )
  await sql`
    insert into erasure_parts (erasure_id, service)
    select ${id}, service from unnest(${services}::text[]) service`.execute(tx)
  return (await findErasure(tx, accountId))!
}

/** Of an account. */
export async function findErasure(db: Database, accountId: string): Promise<ErasureRow | undefined> {
  const { rows } = await sql<ErasureRow>`
    select ${columns} from erasures where account_id = ${accountId}`.execute(db)
  return rows[0]
}

/** Newest first, before the id `before`. */
export async function listErasures(
  db: Database,
  { limit, before }: { limit: number; before: string | undefined },
): Promise<ErasureRow[]> {
  const { rows } = await sql<ErasureRow>`
    select ${columns} from erasures
    where ${before ?? null}::uuid is null or id < ${before ?? null}::uuid
    order by id desc limit ${limit}`.execute(db)
  return rows
}

/** What was identity's own of an account, as far as no other account has it. */
export async function ownBlobs(tx: Database, erasureId: string): Promise<string[]> {
  const { rows } = await sql<{ blob: string }>`
    select blob from erasures, unnest(blob_ids) blob
    where id = ${erasureId} and not exists (select from accounts where picture_id = blob)`.execute(tx)
  return rows.map(({ blob }) => blob)
}

/** A service has erased its part; the erasure is complete when it was the last one. */
export async function endPart(
  tx: Database,
  { erasureId, service }: { erasureId: string; service: string },
): Promise<void> {
  // Of two last ones at once the second has to see the first.
  await sql`select from erasures where id = ${erasureId} for no key update`.execute(tx)
  await sql`delete from erasure_parts where erasure_id = ${erasureId} and service = ${service}`.execute(tx)
  await sql`
    update erasures set completed_at = now()
    where id = ${erasureId} and completed_at is null
      and not exists (select from erasure_parts where erasure_id = ${erasureId})`.execute(tx)
}

/** With everything that refers to it; its userid is never given again. */
export async function deleteAccount(tx: Database, id: string): Promise<void> {
  await sql`
    insert into retired_userids (userid_skeleton)
    select userid_skeleton from accounts where id = ${id} and userid_skeleton is not null
    on conflict do nothing`.execute(tx)
  await sql`delete from accounts where id = ${id}`.execute(tx)
}

const columns = sql`
  id, account_id as "accountId",
  array(select service from erasure_parts where erasure_id = erasures.id order by service) as "waitingFor",
  ${isoTime('created_at')} as "createdAt", ${isoTime('completed_at')} as "completedAt"`
