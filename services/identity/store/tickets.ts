import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

export type TicketPurpose = 'login' | 'passkeyLogin' | 'addPasskey' | 'confirm'

export interface TicketRow {
  tokenHash: Buffer
  purpose: TicketPurpose
  /** Null while it is not known who signs in. */
  accountId: string | null
  challenge: string | null
}

export async function insertTicket(
  tx: Database,
  { tokenHash, purpose, accountId, challenge }: TicketRow,
  minutes: number,
): Promise<void> {
  await sql`
    insert into tickets (token_hash, purpose, account_id, challenge, expires_at)
    values (${tokenHash}, ${purpose}, ${accountId}, ${challenge}, now() + make_interval(mins => ${minutes}))`.execute(
    tx,
  )
}

/** Counts a try, whatever becomes of it. Undefined when there is no such ticket, or it was tried too often. */
export async function tryTicket(
  db: Database,
  tokenHash: Buffer,
  purpose: TicketPurpose,
  mostTries: number,
): Promise<TicketRow | undefined> {
  const { rows } = await sql<TicketRow>`
    update tickets set attempts = attempts + 1
    where token_hash = ${tokenHash} and purpose = ${purpose} and expires_at > now() and attempts < ${mostTries}
    returning token_hash as "tokenHash", purpose, account_id as "accountId", challenge`.execute(db)
  return rows[0]
}

/** Takes it, so that it is good once. */
export async function useTicket(tx: Database, tokenHash: Buffer): Promise<boolean> {
  const { numAffectedRows } = await sql`
    delete from tickets where token_hash = ${tokenHash} and expires_at > now()`.execute(tx)
  return numAffectedRows === 1n
}

/** Sign-ins that were begun and not finished. */
export async function deleteLoginTickets(tx: Database, accountId: string): Promise<void> {
  await sql`delete from tickets where account_id = ${accountId} and purpose = 'login'`.execute(tx)
}

export async function deleteExpiredTickets(db: Database): Promise<void> {
  await sql`delete from tickets where expires_at <= now()`.execute(db)
}
