import { sql } from 'kysely'
import type { Category } from '#contracts/mail/messages.ts'
import { isoTime } from '#platform/database/iso-time.ts'
import type { Database } from '#platform/database/database.ts'
import type { Lesson } from '../changing/lessons.ts'
import type { MessageState } from './changes.ts'
import { givenRows, toJson } from './given.ts'

export interface ThreadState {
  id: string
  snoozedUntil: string | null
  isMuted: boolean
}

/** How things were before a change. */
export interface Before {
  states: MessageState[]
  threads: ThreadState[]
  lessons: Lesson[]
  /** What was remembered of senders. */
  categories: { address: string; category: Category | null }[]
}

export async function insertUndo(tx: Database, accountId: string, id: string, before: Before): Promise<void> {
  await sql`
    insert into undos (id, account_id, before) values (${id}, ${accountId}, ${toJson(before)})`.execute(tx)
}

/** It works once, within an hour. */
export async function takeUndo(tx: Database, accountId: string, id: string): Promise<Before | undefined> {
  const { rows } = await sql<{ before: Before }>`
    delete from undos where id = ${id} and account_id = ${accountId} and created_at > now() - interval '1 hour'
    returning before`.execute(tx)
  return rows[0]?.before
}

export async function dropPastUndos(tx: Database): Promise<void> {
  await sql`delete from undos where created_at < now() - interval '1 hour'`.execute(tx)
}

/** What is undefined stays. Gives those that were otherwise, as they were. */
export async function changeThreads(
  tx: Database,
  accountId: string,
  ids: readonly string[],
  { snoozedUntil, isMuted }: { snoozedUntil: string | null | undefined; isMuted: boolean | undefined },
): Promise<ThreadState[]> {
  if (snoozedUntil === undefined && isMuted === undefined) return []
  const { rows } = await sql<ThreadState>`
    with before as (
      select id, snoozed_until, is_muted from threads where account_id = ${accountId} and id = any (${[...ids]}::uuid[])
        and (${snoozedUntil === undefined ? sql`false` : sql`snoozed_until is distinct from ${snoozedUntil}::timestamptz`}
          or ${isMuted === undefined ? sql`false` : sql`is_muted <> ${isMuted}`})
    ), changed as (
      update threads t set
        snoozed_until = ${snoozedUntil === undefined ? sql`t.snoozed_until` : sql`${snoozedUntil}::timestamptz`},
        is_muted = ${isMuted === undefined ? sql`t.is_muted` : sql`${isMuted}::boolean`}
      from before where t.id = before.id
    )
    select id, ${isoTime('snoozed_until')} as "snoozedUntil", is_muted as "isMuted" from before`.execute(tx)
  return rows
}

export async function restoreThreads(
  tx: Database,
  accountId: string,
  threads: readonly ThreadState[],
): Promise<void> {
  if (threads.length === 0) return
  await sql`
    update threads t set snoozed_until = "snoozedUntil", is_muted = "isMuted"
    from ${givenRows(threads, 'id uuid, "snoozedUntil" timestamptz, "isMuted" boolean')}
    where t.id = given.id and t.account_id = ${accountId}`.execute(tx)
}

export async function mailboxIdsOf(db: Database, accountId: string): Promise<Set<string>> {
  const { rows } = await sql<{
    id: string
  }>`select id from mailboxes where account_id = ${accountId}`.execute(db)
  return new Set(rows.map(({ id }) => id))
}

/** Accounts with conversations whose sleep is over. */
export async function accountsToWake(db: Database): Promise<{ accountId: string; threadIds: string[] }[]> {
  const { rows } = await sql<{ accountId: string; threadIds: string[] }>`
    select account_id as "accountId", array_agg(id) as "threadIds" from threads where snoozed_until <= now()
    group by 1 limit 100`.execute(db)
  return rows
}
