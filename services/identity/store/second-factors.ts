import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import { isoTime } from '#platform/database/iso-time.ts'

export interface TotpRow {
  sealedSecret: Buffer | null
  /** Not confirmed yet. */
  sealedCandidate: Buffer | null
  since: string | null
}

export async function findTotp(db: Database, accountId: string): Promise<TotpRow | undefined> {
  const { rows } = await sql<TotpRow>`
    select sealed_secret as "sealedSecret", sealed_candidate as "sealedCandidate", ${isoTime('since')} as since
    from totp_secrets where account_id = ${accountId}`.execute(db)
  return rows[0]
}

export async function setTotpCandidate(tx: Database, accountId: string, sealed: Buffer): Promise<void> {
  await sql`
    insert into totp_secrets (account_id, sealed_candidate) values (${accountId}, ${sealed})
    on conflict (account_id) do update set sealed_candidate = excluded.sealed_candidate`.execute(tx)
}

/** False when the candidate is another one by now. */
export async function confirmTotpCandidate(
  tx: Database,
  accountId: string,
  sealedCandidate: Buffer,
  step: number,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update totp_secrets set sealed_secret = sealed_candidate, sealed_candidate = null, since = now(),
      last_step = ${step}
    where account_id = ${accountId} and sealed_candidate = ${sealedCandidate}`.execute(tx)
  return numAffectedRows === 1n
}

/** False when a code of this step, or a later one, was taken before, or the secret is another one by now. */
export async function useTotpStep(
  tx: Database,
  accountId: string,
  sealedSecret: Buffer,
  step: number,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update totp_secrets set last_step = ${step}
    where account_id = ${accountId} and sealed_secret = ${sealedSecret} and last_step < ${step}`.execute(tx)
  return numAffectedRows === 1n
}

/** Whether it was on. */
export async function deleteTotp(tx: Database, accountId: string): Promise<boolean> {
  const { rows } = await sql<{ wasOn: boolean }>`
    delete from totp_secrets where account_id = ${accountId}
    returning sealed_secret is not null as "wasOn"`.execute(tx)
  return rows[0]?.wasOn ?? false
}

/** Instead of those that were there. */
export async function replaceRecoveryCodes(
  tx: Database,
  accountId: string,
  hashes: readonly Buffer[],
): Promise<void> {
  await deleteRecoveryCodes(tx, accountId)
  await sql`
    insert into recovery_codes (account_id, code_hash)
    select ${accountId}::uuid, unnest(${hashes}::bytea[])`.execute(tx)
}

/** Takes it, so that it is good once. */
export async function useRecoveryCode(tx: Database, accountId: string, hash: Buffer): Promise<boolean> {
  const { numAffectedRows } = await sql`
    delete from recovery_codes where account_id = ${accountId} and code_hash = ${hash}`.execute(tx)
  return numAffectedRows === 1n
}

export async function hasRecoveryCode(db: Database, accountId: string, hash: Buffer): Promise<boolean> {
  const { rows } = await sql`
    select from recovery_codes where account_id = ${accountId} and code_hash = ${hash}`.execute(db)
  return rows.length === 1
}

export async function countRecoveryCodes(db: Database, accountId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from recovery_codes where account_id = ${accountId}`.execute(db)
  return rows[0]!.count
}

export async function deleteRecoveryCodes(tx: Database, accountId: string): Promise<void> {
  await sql`delete from recovery_codes where account_id = ${accountId}`.execute(tx)
}
