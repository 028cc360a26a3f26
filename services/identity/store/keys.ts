import { sql } from 'kysely'
import type { z } from 'zod'
import type { ApiKey } from '#contracts/identity/keys.ts'
import type { Session } from '#contracts/identity/sign-in.ts'
import type { Database } from '#platform/database/database.ts'
import { isoTime } from '#platform/database/iso-time.ts'

export type KeyRow = z.output<typeof ApiKey>

export interface NewKeyRow extends Pick<KeyRow, 'id' | 'name' | 'prefix' | 'scopes' | 'expiresAt'> {
  /** Null: a service's. */
  accountId: string | null
  tokenHash: Buffer
}

/** Undefined when a service's key has the name already. */
export async function insertKey(tx: Database, key: NewKeyRow): Promise<KeyRow | undefined> {
  const { id, accountId, name, tokenHash, prefix, scopes, expiresAt } = key
  const { rows } = await sql<KeyRow>`
    insert into keys (id, account_id, name, token_hash, prefix, scopes, expires_at)
    values (${id}, ${accountId}, ${name}, ${tokenHash}, ${prefix}, ${scopes}, ${expiresAt})
    on conflict (name) where account_id is null do nothing returning ${columns}`.execute(tx)
  return rows[0]
}

export async function countKeys(tx: Database, accountId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from keys where account_id = ${accountId}`.execute(tx)
  return rows[0]!.count
}

/** Those of an account, or, with null, of services; newest first. */
export async function listKeys(db: Database, accountId: string | null): Promise<KeyRow[]> {
  const { rows } = await sql<KeyRow>`
    select ${columns} from keys where account_id is not distinct from ${accountId}::uuid
    order by id desc`.execute(db)
  return rows
}

/** One key, or all, of an account, or, with null, of services. Gives the ids of those that were there. */
export async function deleteKeys(tx: Database, accountId: string | null, id?: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    delete from keys where account_id is not distinct from ${accountId}::uuid
      and (${id ?? null}::uuid is null or id = ${id ?? null}::uuid)
    returning id`.execute(tx)
  return rows.map((row) => row.id)
}

/**
 * The session that a key stands for; it counts as used. Undefined for a key that is nobody's, is over, or belongs to
 * an account that nobody can sign in to.
 */
export async function useKey(db: Database, hash: Buffer): Promise<Session | undefined> {
  await sql`
    update keys set last_used_at = date_trunc('hour', now())
    where token_hash = ${hash} and (last_used_at is null or last_used_at < date_trunc('hour', now()))`.execute(
    db,
  )
  const { rows } = await sql<UsedKey>`
    select keys.id, keys.name, keys.scopes, account_id as "accountId", accounts.roles,
      email_verified_at is not null or phone_verified_at is not null as "isVerified",
      coalesce(${isoTime('keys.expires_at')}, to_char((now() + interval '1 year') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as "expiresAt"
    from keys left join accounts on accounts.id = account_id
    where token_hash = ${hash} and (expires_at is null or expires_at > now()) and accounts.disabled_at is null`.execute(
    db,
  )
  return rows[0] && sessionOf(rows[0])
}

/** Those whose time was over so long ago. */
export async function deletePastKeys(db: Database, days: number): Promise<void> {
  await sql`delete from keys where expires_at < now() - make_interval(days => ${days})`.execute(db)
}

interface UsedKey {
  id: string
  name: string
  scopes: string[]
  accountId: string | null
  roles: Extract<Session, { kind: 'account' }>['roles']
  isVerified: boolean
  /** A year from now for a key without an end. */
  expiresAt: string
}

function sessionOf({ id, name, scopes, accountId, roles, isVerified, expiresAt }: UsedKey): Session {
  return accountId === null
    ? { kind: 'service', id, name, scopes, expiresAt }
    : { kind: 'account', id, accountId, roles, isVerified, scopes, expiresAt }
}

const columns = sql`
  id, name, prefix, scopes, ${isoTime('keys.created_at')} as "createdAt",
  ${isoTime('last_used_at')} as "lastUsedAt", ${isoTime('expires_at')} as "expiresAt"`
