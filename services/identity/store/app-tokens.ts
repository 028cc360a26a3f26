import { sql } from 'kysely'
import type { JWK } from 'jose'
import type { Database } from '#platform/database/database.ts'

export async function insertRefreshToken(
  tx: Database,
  { sessionId, tokenHash }: { sessionId: string; tokenHash: Buffer },
): Promise<void> {
  await sql`insert into refresh_tokens (token_hash, session_id) values (${tokenHash}, ${sessionId})`.execute(
    tx,
  )
}

/** Takes it, so that it is good once. Undefined for one that never was or whose session has ended. */
export async function useRefreshToken(
  tx: Database,
  tokenHash: Buffer,
): Promise<{ sessionId: string; accountId: string; wasUsed: boolean } | undefined> {
  // The session before its tokens, as whoever ends it does. Whoever comes second waits here for the first.
  const { rows: sessions } = await sql<{ sessionId: string; accountId: string }>`
    select id as "sessionId", account_id as "accountId" from sessions
    where id = (select session_id from refresh_tokens where token_hash = ${tokenHash}) for update`.execute(tx)
  if (!sessions[0]) return undefined
  const { numAffectedRows } = await sql`
    update refresh_tokens set used_at = now() where token_hash = ${tokenHash} and used_at is null`.execute(tx)
  return { ...sessions[0], wasUsed: numAffectedRows === 0n }
}

/** One that is used again after so long is refused, but ends nothing. */
export async function deleteUsedRefreshTokens(db: Database, days: number): Promise<void> {
  await sql`delete from refresh_tokens where used_at < now() - make_interval(days => ${days})`.execute(db)
}

export interface SigningKeyRow {
  id: string
  publicKey: JWK
}

/** The one that signs, unless it has done so for too long. */
export async function findSigningKey(
  db: Database,
  days: number,
): Promise<(SigningKeyRow & { sealedPrivateKey: Buffer }) | undefined> {
  const { rows } = await sql<SigningKeyRow & { sealedPrivateKey: Buffer }>`
    select id, public_key as "publicKey", sealed_private_key as "sealedPrivateKey" from signing_keys
    where retired_at is null and created_at > now() - make_interval(days => ${days})`.execute(db)
  return rows[0]
}

/** Until the transaction ends, nobody else changes keys. */
export async function lockSigningKeys(tx: Database): Promise<void> {
  await sql`lock table signing_keys in share row exclusive mode`.execute(tx)
}

/** It signs from now on, instead of the one before. */
export async function replaceSigningKey(
  tx: Database,
  { id, publicKey, sealedPrivateKey }: SigningKeyRow & { sealedPrivateKey: Buffer },
): Promise<void> {
  await sql`update signing_keys set retired_at = now() where retired_at is null`.execute(tx)
  await sql`
    insert into signing_keys (id, public_key, sealed_private_key)
    values (${id}, ${JSON.stringify(publicKey)}::jsonb, ${sealedPrivateKey})`.execute(tx)
}

/** Newest first: the one that signs and those retired less than `minutes` ago. */
export async function listSigningKeys(db: Database, minutes: number): Promise<SigningKeyRow[]> {
  const { rows } = await sql<SigningKeyRow>`
    select id, public_key as "publicKey" from signing_keys
    where retired_at is null or retired_at > now() - make_interval(mins => ${minutes})
    order by created_at desc, id desc`.execute(db)
  return rows
}

export async function deleteRetiredKeys(db: Database, minutes: number): Promise<void> {
  await sql`delete from signing_keys where retired_at <= now() - make_interval(mins => ${minutes})`.execute(
    db,
  )
}
