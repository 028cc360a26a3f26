import { sql } from 'kysely'
import type { Account } from '#contracts/identity/account.ts'
import type { Database } from '#platform/database/database.ts'
import type { Role } from '#platform/identity.ts'
import { columns } from './accounts.ts'
import { listed, type ListedSession } from './sessions.ts'

export interface AccountFilter {
  search: string | undefined
  role: Role | undefined
  isDisabled: boolean | undefined
}

/** Newest first, behind the place `after`; each with its place. */
export async function listAccounts(
  db: Database,
  { search, role, isDisabled }: AccountFilter,
  { limit, after }: { limit: number; after: string | undefined },
): Promise<{ account: Account; place: string }[]> {
  const pattern = search && `%${search.replaceAll(/[%_\\]/g, String.raw`\$&`)}%`
  const [createdAt = null, id = null] = after?.split(' ') ?? []
  const { rows } = await sql<Account & { place: string }>`
    select ${columns}, extract(epoch from accounts.created_at)::text || ' ' || id as place from accounts
    where ${pattern ? sql`(userid ilike ${pattern} or name ilike ${pattern} or email ilike ${pattern} or phone ilike ${pattern})` : sql`true`}
      and ${role ? sql`${role} = any(roles)` : sql`true`}
      and ${isDisabled === undefined ? sql`true` : sql`(disabled_at is not null) = ${isDisabled}`}
      and ${after === undefined ? sql`true` : sql`(accounts.created_at, id) < (to_timestamp(${createdAt}::float8), ${id}::uuid)`}
    order by accounts.created_at desc, id desc limit ${limit}`.execute(db)
  return rows.map(({ place, ...account }) => ({ account, place }))
}

/** Whether a text is a place in the list of accounts. */
export function isPlace(text: string): boolean {
  return /^\d{1,12}(\.\d{1,6})? [0-9a-f-]{36}$/.test(text)
}

/** Of every account, newest first, before the id `before`. */
export async function listAllSessions(
  db: Database,
  { limit, before }: { limit: number; before: string | undefined },
): Promise<(ListedSession & { account: Pick<Account, 'id' | 'userid' | 'name' | 'email'> })[]> {
  const { rows } = await sql<ListedSession & { account: Pick<Account, 'id' | 'userid' | 'name' | 'email'> }>`
    select ${listed}, jsonb_build_object('id', accounts.id, 'userid', userid, 'name', name, 'email', email) as account
    from sessions join accounts on accounts.id = account_id
    where expires_at > now() and (${before ?? null}::uuid is null or sessions.id < ${before ?? null}::uuid)
    order by sessions.id desc limit ${limit}`.execute(db)
  return rows
}

/** Whether signing in takes more than a password. */
export async function hasSecondFactor(db: Database, accountId: string): Promise<boolean> {
  const { rows } = await sql<{ has: boolean }>`
    select exists (select from totp_secrets where account_id = ${accountId} and sealed_secret is not null)
      or exists (select from passkeys where account_id = ${accountId}) as has`.execute(db)
  return rows[0]!.has
}

/** Owners who can sign in, by id. They stay as they are until the transaction ends. */
export async function lockOwners(tx: Database): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from accounts where 'owner' = any(roles) and disabled_at is null
    order by id for no key update`.execute(tx)
  return rows.map(({ id }) => id)
}

export async function setDisabled(tx: Database, id: string, isDisabled: boolean): Promise<void> {
  await sql`
    update accounts set disabled_at = case when ${isDisabled}::boolean then coalesce(disabled_at, now()) end
    where id = ${id}`.execute(tx)
}

/** Codes and links that were sent, sign-ins that have begun, and devices that count as known. */
export async function deleteWaysIn(tx: Database, accountId: string): Promise<void> {
  await sql`delete from codes where account_id = ${accountId}`.execute(tx)
  await sql`delete from tickets where account_id = ${accountId}`.execute(tx)
  await sql`delete from known_devices where account_id = ${accountId}`.execute(tx)
}
