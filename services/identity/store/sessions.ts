import { sql } from 'kysely'
import { isoTime } from '#platform/database/iso-time.ts'
import { longestSessionDays, type Session, type ShownSession } from '#contracts/identity/sign-in.ts'
import type { z } from 'zod'
import type { Account } from '#contracts/identity/account.ts'
import type { Database } from '#platform/database/database.ts'
import { columns } from './accounts.ts'

export type SessionRow = Extract<Session, { kind: 'account' }>
export type ListedSession = Omit<z.output<typeof ShownSession>, 'isCurrent'>

export interface NewSessionRow {
  id: string
  accountId: string
  /** Null: an app's. */
  tokenHash: Buffer | null
  client: 'browser' | 'app'
  device: string
  address: string
  country: string | null
}

/** What was known of the device when somebody signed in from it. */
export interface DeviceStanding {
  isKnown: boolean
  /** It is known to somebody, so its token is one of ours. */
  isOurs: boolean
  /** The account has been signed in to before, from some device. */
  hasKnown: boolean
}

/**
 * Undefined where nobody can sign in to the account, or its password has not the hash that is stated. Account and
 * password stay as they are until the transaction ends; the device counts as used, to the hour.
 */
export async function insertSession(
  tx: Database,
  { id, accountId, tokenHash, client, device, address, country }: NewSessionRow,
  {
    idleDays,
    deviceHash,
    passwordHash,
  }: { idleDays: number; deviceHash: Buffer | null; passwordHash?: string | undefined },
): Promise<{ expiresAt: string; standing: DeviceStanding; account: Account } | undefined> {
  const itsPassword =
    passwordHash === undefined
      ? sql``
      : sql`join passwords on passwords.account_id = accounts.id and passwords.hash = ${passwordHash}`
  const { rows } = await sql<Account & DeviceStanding & { expiresAt: string }>`
    with held as (
      select ${columns} from accounts ${itsPassword}
      where accounts.id = ${accountId} and disabled_at is null for share
    ), started as (
      insert into sessions (id, account_id, token_hash, client, device, address, country, expires_at)
      select ${id}, held.id, ${tokenHash}, ${client}, ${device}, ${address}, ${country},
        now() + make_interval(days => ${Math.min(idleDays, longestSessionDays)})
      from held returning expires_at
    ), touched as (
      update known_devices set last_used_at = now()
      from held where account_id = held.id and token_hash = ${deviceHash}
        and last_used_at < now() - interval '1 hour'
    )
    select held.*, ${isoTime('expires_at')} as "expiresAt", exists (select from known_devices where account_id = held.id and token_hash = ${deviceHash}) as "isKnown",
      exists (select from known_devices where token_hash = ${deviceHash}) as "isOurs",
      exists (select from known_devices where account_id = held.id) as "hasKnown"
    from held, started`.execute(tx)
  if (!rows[0]) return undefined
  const { expiresAt, isKnown, isOurs, hasKnown, ...account } = rows[0]
  return { expiresAt, standing: { isKnown, isOurs, hasKnown }, account }
}

/** The session behind a token. Its use moves its end on, at most once an hour, and never past the longest life of a session. */
export async function useSession(
  db: Database,
  tokenHash: Buffer,
  idleDays: number,
): Promise<SessionRow | undefined> {
  await sql`
    update sessions set expires_at = ${latestEnd(idleDays)}, last_used_at = ${thisHour}
    where token_hash = ${tokenHash} and expires_at > now()
      and (last_used_at < ${thisHour} or expires_at < ${latestEnd(idleDays)} - interval '1 hour')`.execute(db)
  const { rows } = await sql<SessionRow>`
    select ${proven} from sessions join accounts on accounts.id = account_id
    where token_hash = ${tokenHash} and expires_at > now() and disabled_at is null`.execute(db)
  return rows[0]
}

/** An app's. */
export async function findAppSession(
  db: Database,
  { id, accountId }: { id: string; accountId: string },
): Promise<SessionRow | undefined> {
  const { rows } = await sql<SessionRow>`
    select ${proven} from sessions join accounts on accounts.id = account_id
    where sessions.id = ${id} and account_id = ${accountId} and client = 'app'
      and expires_at > now() and disabled_at is null`.execute(db)
  return rows[0]
}

/** An app's that is refreshed; it moves on as one that is used. It stays as it is until the transaction ends. */
export async function moveAppSession(
  tx: Database,
  id: string,
  idleDays: number,
): Promise<SessionRow | undefined> {
  const { rows } = await sql<SessionRow>`
    update sessions set expires_at = ${latestEnd(idleDays)}, last_used_at = greatest(last_used_at, ${thisHour})
    from accounts
    where accounts.id = account_id and sessions.id = ${id} and expires_at > now() and disabled_at is null
    returning ${proven}`.execute(tx)
  return rows[0]
}

/** Newest first. */
export async function listSessions(db: Database, accountId: string): Promise<ListedSession[]> {
  const { rows } = await sql<ListedSession>`
    select ${listed} from sessions where account_id = ${accountId} and expires_at > now()
    order by sessions.created_at desc, id desc`.execute(db)
  return rows
}

/** As the contract shows a session. */
export const listed = sql`
  sessions.id, device, address, country, client, ${isoTime('sessions.created_at')} as "createdAt",
  ${isoTime('last_used_at')} as "lastUsedAt", ${isoTime('expires_at')} as "expiresAt"`

/** Of one account: the session `only`, or all except `except`. Gives the ids of those that were there. */
export async function deleteSessions(
  tx: Database,
  accountId: string,
  { only, except }: { only?: string | undefined; except?: string | undefined } = {},
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    delete from sessions where account_id = ${accountId}
      and (${only ?? null}::uuid is null or id = ${only ?? null}::uuid)
      and id is distinct from ${except ?? null}::uuid
    returning id`.execute(tx)
  return rows.map(({ id }) => id)
}

/** Some of them, at most `limit`. */
export async function deleteExpiredSessions(
  tx: Database,
  limit: number,
): Promise<{ accountId: string; sessionId: string }[]> {
  const { rows } = await sql<{ accountId: string; sessionId: string }>`
    delete from sessions
    where id in (select id from sessions where expires_at <= now() limit ${limit} for update skip locked)
    returning account_id as "accountId", id as "sessionId"`.execute(tx)
  return rows
}

/** Until when the session is fresh; undefined when it is not, or is none. */
export async function freshUntil(db: Database, id: string, minutes: number): Promise<string | undefined> {
  const { rows } = await sql<{ freshUntil: string }>`
    select to_char((authenticated_at + make_interval(mins => ${minutes})) at time zone 'UTC',
      'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "freshUntil"
    from sessions
    where id = ${id} and expires_at > now() and authenticated_at > now() - make_interval(mins => ${minutes})`.execute(
    db,
  )
  return rows[0]?.freshUntil
}

/** Whether the session is there. */
export async function refreshAuthentication(
  tx: Database,
  { id, accountId }: { id: string; accountId: string },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update sessions set authenticated_at = now()
    where id = ${id} and account_id = ${accountId} and expires_at > now()`.execute(tx)
  return numAffectedRows === 1n
}

function latestEnd(idleDays: number) {
  return sql`least(now() + make_interval(days => ${idleDays}), sessions.created_at + make_interval(days => ${longestSessionDays}))`
}

const thisHour = sql`date_trunc('hour', now())`

const proven = sql`
  'account' as kind, sessions.id, account_id as "accountId", roles, null as scopes,
  email_verified_at is not null or phone_verified_at is not null as "isVerified",
  ${isoTime('expires_at')} as "expiresAt"`
