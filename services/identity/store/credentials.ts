import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import { isoTime } from '#platform/database/iso-time.ts'
import { meaningOf, type Identified } from './accounts.ts'

/** What somebody may prove an account to be his with. */
export interface Credentials {
  accountId: string
  /** Of a userid always; of an address, where he has verified it. */
  isHeld: boolean
  passwordHash: string
  /** Of the last 24 hours, from devices that are not known. None against a password set a quarter of an hour ago or later. */
  failures: number
  isKnownDevice: boolean
  hasSecondFactor: boolean
}

/** Of accounts that can be signed in to with a password: whoever has what identifies him, and whoever claims it. */
export async function findCredentials(
  db: Database,
  identified: Identified,
  deviceHash: Buffer | null,
): Promise<Credentials[]> {
  const { isMeant, isHeld } = meaningOf(identified)
  const { rows } = await sql<Credentials>`
    select accounts.id as "accountId", ${isHeld} as "isHeld", passwords.hash as "passwordHash",
      coalesce((
        select sum(sign_in_failures.passwords)::int from sign_in_failures
        where account_id = accounts.id and hour > now() - interval '24 hours'
          and changed_at < now() - interval '15 minutes'
      ), 0) as failures,
      exists (
        select from known_devices where account_id = accounts.id and token_hash = ${deviceHash}
      ) as "isKnownDevice",
      (
        exists (select from totp_secrets where account_id = accounts.id and sealed_secret is not null)
        or exists (select from passkeys where account_id = accounts.id)
      ) as "hasSecondFactor"
    from accounts join passwords on passwords.account_id = accounts.id
    where ${isMeant} and disabled_at is null`.execute(db)
  return rows
}

/** The same password under another hash. False when it is another password by now. */
export async function rehashPassword(
  tx: Database,
  accountId: string,
  oldHash: string,
  hash: string,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update passwords set hash = ${hash} where account_id = ${accountId} and hash = ${oldHash}`.execute(tx)
  return numAffectedRows === 1n
}

/** Null for an account without a password. */
export async function passwordChangedAt(db: Database, accountId: string): Promise<string | null> {
  const { rows } = await sql<{ changedAt: string }>`
    select ${isoTime('changed_at')} as "changedAt"
    from passwords where account_id = ${accountId}`.execute(db)
  return rows[0]?.changedAt ?? null
}
