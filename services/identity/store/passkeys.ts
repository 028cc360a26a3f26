import { sql } from 'kysely'
import type { z } from 'zod'
import type { Passkey } from '#contracts/identity/sign-in.ts'
import type { Database } from '#platform/database/database.ts'
import { isoTime } from '#platform/database/iso-time.ts'

export type ShownPasskey = z.output<typeof Passkey>

/** What an assertion is checked with. */
export interface PasskeyRow {
  id: string
  accountId: string
  /** base64url. */
  credentialId: string
  publicKey: Buffer
  counter: number
  transports: string[]
}

export interface NewPasskeyRow extends PasskeyRow {
  name: string
  isSynced: boolean
}

/** Undefined when somebody has it already. */
export async function insertPasskey(tx: Database, passkey: NewPasskeyRow): Promise<ShownPasskey | undefined> {
  const { id, accountId, credentialId, publicKey, counter, transports, name, isSynced } = passkey
  const { rows } = await sql<ShownPasskey>`
    insert into passkeys (id, account_id, credential_id, public_key, counter, transports, name, is_synced)
    values (${id}, ${accountId}, ${credentialId}, ${publicKey}, ${counter}, ${transports}, ${name}, ${isSynced})
    on conflict do nothing returning ${shown}`.execute(tx)
  return rows[0]
}

/** Of an account that can be signed in to. */
export async function findPasskey(db: Database, credentialId: string): Promise<PasskeyRow | undefined> {
  const { rows } = await sql<PasskeyRow>`
    select ${checked} from passkeys where credential_id = ${credentialId}
      and exists (select from accounts where accounts.id = account_id and disabled_at is null)`.execute(db)
  return rows[0]
}

export async function passkeysOf(db: Database, accountId: string): Promise<PasskeyRow[]> {
  const { rows } = await sql<PasskeyRow>`
    select ${checked} from passkeys where account_id = ${accountId} order by id`.execute(db)
  return rows
}

/** Oldest first. */
export async function listPasskeys(db: Database, accountId: string): Promise<ShownPasskey[]> {
  const { rows } = await sql<ShownPasskey>`
    select ${shown} from passkeys where account_id = ${accountId} order by id`.execute(db)
  return rows
}

/** False when it is gone, or was used meanwhile, so that its counter is past this one. */
export async function usePasskey(
  tx: Database,
  id: string,
  { counter, isSynced }: { counter: number; isSynced: boolean },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update passkeys set counter = ${counter}, is_synced = ${isSynced}, last_used_at = now()
    where id = ${id} and (counter < ${counter} or (counter = 0 and ${counter} = 0))`.execute(tx)
  return numAffectedRows === 1n
}

export async function renamePasskey(
  tx: Database,
  accountId: string,
  { id, name }: { id: string; name: string },
): Promise<ShownPasskey | undefined> {
  const { rows } = await sql<ShownPasskey>`
    update passkeys set name = ${name} where id = ${id} and account_id = ${accountId}
    returning ${shown}`.execute(tx)
  return rows[0]
}

/** Whether it was there. */
export async function deletePasskey(tx: Database, accountId: string, id: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    delete from passkeys where id = ${id} and account_id = ${accountId}`.execute(tx)
  return numAffectedRows === 1n
}

const shown = sql`
  id, name, is_synced as "isSynced", ${isoTime('created_at')} as "createdAt",
  ${isoTime('last_used_at')} as "lastUsedAt"`

const checked = sql`
  id, account_id as "accountId", credential_id as "credentialId", public_key as "publicKey",
  counter, transports`
