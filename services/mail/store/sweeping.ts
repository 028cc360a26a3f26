/** Blobs that nothing refers to any more. */
import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

/** Perhaps nothing refers to them: the sweeper looks in an hour. */
export async function loosenBlobs(db: Database, blobs: readonly string[]): Promise<void> {
  await sql`
    insert into loose_blobs (blob) select distinct unnest(${[...blobs]}::text[])
    on conflict (blob) do update set since = now()`.execute(db)
}

export async function looseBlobs(db: Database, limit: number): Promise<string[]> {
  const { rows } = await sql<{ blob: string }>`
    select blob from loose_blobs where since < now() - interval '1 hour' order by since limit ${limit}`.execute(
    db,
  )
  return rows.map(({ blob }) => blob)
}

/**
 * Whether nothing refers to it: then its traces in tables are gone, and whoever comes to refer to it from now on waits
 * for this transaction and learns that it was swept.
 */
export async function giveUpBlob(tx: Database, blob: string): Promise<boolean> {
  await sql`select from contents where blob = ${blob} for update`.execute(tx)
  const { rows } = await sql<{ isUsed: boolean }>`select ${isUsed(sql`${blob}`)} as "isUsed"`.execute(tx)
  await sql`delete from loose_blobs where blob = ${blob}`.execute(tx)
  if (rows[0]!.isUsed) return false
  await sql`delete from contents where blob = ${blob}`.execute(tx)
  await sql`
    insert into swept_blobs (blob) values (${blob}) on conflict (blob) do update set swept_at = now()`.execute(
    tx,
  )
  return true
}

/** Of these, what no row speaks of. */
export async function unknownBlobs(db: Database, blobs: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ blob: string }>`
    select blob from unnest(${[...blobs]}::text[]) blob
    where not ${isUsed(sql.ref('blob'))} and not exists (select from loose_blobs l where l.blob = blob.blob)`.execute(
    db,
  )
  return rows.map(({ blob }) => blob)
}

export async function forgetSwept(db: Database): Promise<void> {
  await sql`delete from swept_blobs where swept_at < now() - interval '1 day'`.execute(db)
}

const isUsed = (blob: ReturnType<typeof sql>) => sql`(
  exists (select from messages m where m.blob = ${blob})
  or exists (select from submissions s where s.blob = ${blob})
  or exists (select from draft_files f where f.blob = ${blob})
  or exists (select from transfers t where t.blob = ${blob})
  or exists (select from export_messages e where e.blob = ${blob}))`
