import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

export type Purpose = 'email' | 'phone' | 'reset' | 'invitation'

export interface CodeRow {
  id: string
  accountId: string
  purpose: Purpose
  target: string
  codeHash: Buffer | null
}

/** Codes made before for the same purpose count no more. */
export async function replaceCode(
  tx: Database,
  { id, accountId, purpose, target }: Omit<CodeRow, 'codeHash'>,
  minutes: number,
): Promise<void> {
  await sql`delete from codes where account_id = ${accountId} and purpose = ${purpose}`.execute(tx)
  await sql`
    insert into codes (id, account_id, purpose, target, expires_at)
    values (${id}, ${accountId}, ${purpose}, ${target}, now() + make_interval(mins => ${minutes}))`.execute(
    tx,
  )
}

/** Gives the seconds since the last one was made; undefined when there is none. */
export async function codeAgeSeconds(
  tx: Database,
  accountId: string,
  purpose: Purpose,
): Promise<number | undefined> {
  const { rows } = await sql<{ age: number }>`
    select extract(epoch from now() - created_at)::float8 as age from codes
    where account_id = ${accountId} and purpose = ${purpose}
    order by created_at desc limit 1`.execute(tx)
  return rows[0]?.age
}

/** Undefined when another one took its place, or its time is over. */
export async function armCode(
  tx: Database,
  id: string,
  { codeHash, linkHash }: { codeHash: Buffer | null; linkHash: Buffer },
): Promise<Omit<CodeRow, 'codeHash'> | undefined> {
  const { rows } = await sql<Omit<CodeRow, 'codeHash'>>`
    update codes set code_hash = ${codeHash}, link_hash = ${linkHash}
    where id = ${id} and expires_at > now()
    returning id, account_id as "accountId", purpose, target`.execute(tx)
  return rows[0]
}

/** Counts an attempt, even when it fails. Undefined when there is no code, or too many attempts were made. */
export async function attemptCode(
  db: Database,
  accountId: string,
  purpose: Purpose,
  mostAttempts: number,
): Promise<CodeRow | undefined> {
  const { rows } = await sql<CodeRow>`
    update codes set attempts = attempts + 1
    where account_id = ${accountId} and purpose = ${purpose} and expires_at > now()
      and code_hash is not null and attempts < ${mostAttempts}
    returning id, account_id as "accountId", purpose, target, code_hash as "codeHash"`.execute(db)
  return rows[0]
}

/** Takes it, so that it is good once. */
export async function useCode(tx: Database, id: string): Promise<boolean> {
  const { numAffectedRows } = await sql`delete from codes where id = ${id}`.execute(tx)
  return numAffectedRows === 1n
}

/** Takes the one with this link, so that it is good once. */
export async function useLink(
  tx: Database,
  linkHash: Buffer,
  purposes: readonly Purpose[],
): Promise<Omit<CodeRow, 'codeHash'> | undefined> {
  const { rows } = await sql<Omit<CodeRow, 'codeHash'>>`
    delete from codes where link_hash = ${linkHash} and expires_at > now() and purpose = any(${purposes})
    returning id, account_id as "accountId", purpose, target`.execute(tx)
  return rows[0]
}

/** Whether there is one with this link, without taking it. */
export async function isLink(db: Database, linkHash: Buffer, purposes: readonly Purpose[]): Promise<boolean> {
  const { rows } = await sql`
    select from codes where link_hash = ${linkHash} and expires_at > now() and purpose = any(${purposes})`.execute(
    db,
  )
  return rows.length === 1
}

export async function deleteExpiredCodes(db: Database): Promise<void> {
  await sql`delete from codes where expires_at <= now()`.execute(db)
}
