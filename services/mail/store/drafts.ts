import { sql } from 'kysely'
import type { Draft, DraftContent } from '#contracts/mail/writing.ts'
import { isoTime } from '#platform/database/iso-time.ts'
import type { Database } from '#platform/database/database.ts'
import { toJson } from './given.ts'

/** Those that are not on their way. */
export async function countDrafts(db: Database, accountId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from drafts where account_id = ${accountId} and message_id is null`.execute(
    db,
  )
  return rows[0]!.count
}

export async function draftsOfThread(db: Database, accountId: string, threadId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from drafts where account_id = ${accountId} and thread_id = ${threadId} and message_id is null
    order by saved_at`.execute(db)
  return rows.map(({ id }) => id)
}

/** Last saved first. */
export async function listDrafts(
  db: Database,
  accountId: string,
  page: { after: { savedAt: string; id: string } | undefined; limit: number },
): Promise<Draft[]> {
  const { after, limit } = page
  const { rows } = await sql<Draft>`
    select ${columns} from drafts where account_id = ${accountId} and message_id is null
      ${after ? sql`and (date_trunc('milliseconds', saved_at), id) < (${after.savedAt}::timestamptz, ${after.id}::uuid)` : sql``}
    order by date_trunc('milliseconds', saved_at) desc, id desc limit ${limit}`.execute(db)
  return rows
}

export async function findDraft(db: Database, accountId: string, id: string): Promise<Draft | undefined> {
  const { rows } = await sql<Draft>`
    select ${columns} from drafts where account_id = ${accountId} and id = ${id} and message_id is null`.execute(
    db,
  )
  return rows[0]
}

/** Undefined: it is not of the version stated, or somebody else's. Version 0 makes it. */
export async function saveDraft(
  tx: Database,
  draft: { id: string; accountId: string; version: number; content: DraftContent; threadId: string | null },
): Promise<Draft | undefined> {
  const { id, accountId, version, content, threadId } = draft
  const { rows } =
    version === 0
      ? await sql<Draft>`
        insert into drafts (id, account_id, version, content, thread_id)
        values (${id}, ${accountId}, 1, ${toJson(content)}, ${threadId})
        on conflict do nothing returning ${columns}`.execute(tx)
      : await sql<Draft>`
        update drafts set version = version + 1, content = ${toJson(content)}, thread_id = ${threadId}, saved_at = now()
        where id = ${id} and account_id = ${accountId} and version = ${version} and message_id is null
        returning ${columns}`.execute(tx)
  return rows[0]
}

export async function deleteDraft(tx: Database, accountId: string, id: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    delete from drafts where id = ${id} and account_id = ${accountId} and message_id is null`.execute(tx)
  return numAffectedRows === 1n
}

/** Hidden from then on, and there again when the message goes before it has left. */
export async function markSent(
  tx: Database,
  id: string,
  sent: { messageId: string; dueAt: Date },
): Promise<void> {
  await sql`
    update drafts set message_id = ${sent.messageId}, due_at = ${sent.dueAt.toISOString()} where id = ${id}`.execute(
    tx,
  )
}

export async function draftOfMessage(tx: Database, messageId: string): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`select id from drafts where message_id = ${messageId}`.execute(
    tx,
  )
  return rows[0]?.id
}

/** Messages whose time has come stand among the scheduled ones no longer. Gives accounts and messages. */
export async function takeDue(tx: Database): Promise<{ accountId: string; messageId: string }[]> {
  const { rows } = await sql<{ accountId: string; messageId: string }>`
    delete from drafts where message_id is not null and due_at < now() - interval '3 seconds'
    returning account_id as "accountId", message_id as "messageId"`.execute(tx)
  return rows
}

export async function addFile(tx: Database, accountId: string, blob: string): Promise<void> {
  await sql`
    insert into draft_files (account_id, blob) values (${accountId}, ${blob})
    on conflict (account_id, blob) do update set created_at = now()`.execute(tx)
}

/** Which of these files the account has given; the others are nobody's to send. */
export async function filesOf(
  db: Database,
  accountId: string,
  blobs: readonly string[],
): Promise<Set<string>> {
  const { rows } = await sql<{ blob: string }>`
    select blob from draft_files where account_id = ${accountId} and blob = any (${[...blobs]})`.execute(db)
  return new Set(rows.map(({ blob }) => blob))
}

/** Files that no draft names any more, given longer ago than a day: perhaps nothing refers to their bytes. */
export async function dropPastFiles(tx: Database): Promise<void> {
  await sql`
    with dropped as (
      delete from draft_files f where created_at < now() - interval '1 day' and not exists (
        select from drafts d where d.account_id = f.account_id
          and d.content->'attachments' @> jsonb_build_array(jsonb_build_object('blob', f.blob))
      ) returning blob
    )
    insert into loose_blobs (blob) select distinct blob from dropped on conflict (blob) do update set since = now()`.execute(
    tx,
  )
}

const columns = sql`
  id, version, content, thread_id as "threadId", ${isoTime('saved_at')} as "savedAt"`
