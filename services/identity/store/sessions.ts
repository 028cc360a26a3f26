import { sql } from 'kysely'
import { isoTime } from '#platform/database/iso-time.ts'
import type { z } from 'zod'
import { longestSessionDays, type Session } from '#contracts/identity.ts'
import type { Database } from '#platform/database/database.ts'

export type SessionRow = z.output<typeof Session>

/** Gives the time at which it ends unless it is used. */
export async function insertSession(
  tx: Database,
  { id, accountId, tokenHash }: { id: string; accountId: string; tokenHash: Buffer },
  idleDays: number,
): Promise<string> {
  const { rows } = await sql<{ expiresAt: string }>`
    insert into sessions (id, account_id, token_hash, expires_at)
    values (${id}, ${accountId}, ${tokenHash}, now() + make_interval(days => ${Math.min(idleDays, longestSessionDays)}))
    returning ${isoTime('expires_at')} as "expiresAt"`.execute(tx)
  return rows[0]!.expiresAt
}

/** Its use moves its end on, at most once an hour, and never past the longest life of a session. */
export async function useSession(
  db: Database,
  tokenHash: Buffer,
  idleDays: number,
): Promise<SessionRow | undefined> {
  await sql`
    update sessions set expires_at = ${latestEnd(idleDays)}
    where token_hash = ${tokenHash} and expires_at > now()
      and expires_at < ${latestEnd(idleDays)} - interval '1 hour'`.execute(db)
  const { rows } = await sql<SessionRow>`
    select sessions.id, account_id as "accountId", roles, ${isoTime('expires_at')} as "expiresAt"
    from sessions join accounts on accounts.id = account_id
    where token_hash = ${tokenHash} and expires_at > now()`.execute(db)
  return rows[0]
}

/** Newest first. */
export async function listSessions(
  db: Database,
  accountId: string,
): Promise<{ id: string; createdAt: string; expiresAt: string }[]> {
  const { rows } = await sql<{ id: string; createdAt: string; expiresAt: string }>`
    select id, ${isoTime('created_at')} as "createdAt", ${isoTime('expires_at')} as "expiresAt"
    from sessions where account_id = ${accountId} and expires_at > now()
    order by sessions.created_at desc, id desc`.execute(db)
  return rows
}

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

function latestEnd(idleDays: number) {
  return sql`least(now() + make_interval(days => ${idleDays}), created_at + make_interval(days => ${longestSessionDays}))`
}
