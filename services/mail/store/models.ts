import { sql } from 'kysely'
import type { Authentication } from '#contracts/mail/messages.ts'
import type { Database } from '#platform/database/database.ts'

export async function findSpamModel(db: Database, accountId: string): Promise<Buffer | undefined> {
  const { rows } = await sql<{ delta: Buffer }>`
    select delta from spam_models where account_id = ${accountId}`.execute(db)
  return rows[0]?.delta
}

export async function saveSpamModel(
  tx: Database,
  accountId: string,
  delta: Buffer,
  learnedUntil?: string,
): Promise<void> {
  await sql`
    insert into spam_models as m (account_id, delta, learned_until)
    values (${accountId}, ${delta}, ${learnedUntil ?? null}::timestamptz)
    on conflict (account_id) do update set delta = excluded.delta, changed_at = now(),
      learned_until = coalesce(excluded.learned_until, m.learned_until)`.execute(tx)
}

export interface LearnedMessage {
  id: string
  blob: string
  authentication: Authentication | null
}

/** What learning needs of messages. */
export async function messagesToLearn(db: Database, ids: readonly string[]): Promise<LearnedMessage[]> {
  const { rows } = await sql<LearnedMessage>`
    select id, blob, authentication from messages where id = any (${[...ids]}::uuid[])`.execute(db)
  return rows
}

/** The person has said what they are: or, with `isTakenBack`, says so no more. */
export async function noteLessons(tx: Database, ids: readonly string[], isTakenBack: boolean): Promise<void> {
  if (isTakenBack) await sql`delete from lessons where message_id = any (${[...ids]}::uuid[])`.execute(tx)
  else
    await sql`
      insert into lessons (message_id) select unnest(${[...ids]}::uuid[]) on conflict do nothing`.execute(tx)
}

/** Accounts with mail that lies undisputed for an hour and was not learned from. */
export async function accountsToTeach(db: Database, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select a.id from accounts a left join spam_models m on m.account_id = a.id
    where exists (
      select from messages where account_id = a.id and not is_own and spam_verdict is not null
        and received_at > coalesce(m.learned_until, a.created_at) and received_at < now() - interval '1 hour'
    ) limit ${limit}`.execute(db)
  return rows.map(({ id }) => id)
}

export interface Undisputed extends LearnedMessage {
  label: 'ham' | 'spam'
  receivedAt: string
}

/** Oldest first: what stayed where the filter put it. What it was not sure of teaches nothing. */
export async function undisputedMail(db: Database, accountId: string, limit: number): Promise<Undisputed[]> {
  const { rows } = await sql<Undisputed>`
    select m.id, m.blob, m.authentication, m.received_at::text as "receivedAt",
      case when exists (
        select from mailbox_messages mm join mailboxes b on b.id = mm.mailbox_id
        where mm.message_id = m.id and b.role = 'junk'
      ) then 'spam' else 'ham' end as label
    from messages m
    where m.account_id = ${accountId} and not m.is_own and m.spam_verdict in ('ham', 'spam', 'certainSpam')
      and m.received_at < now() - interval '1 hour'
      and m.received_at > coalesce(
        (select learned_until from spam_models where account_id = ${accountId}),
        (select created_at from accounts where id = ${accountId}))
      and not exists (select from lessons l where l.message_id = m.id)
    order by m.received_at limit ${limit}`.execute(db)
  return rows
}
