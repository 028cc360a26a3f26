/** What an export takes out: the messages as they were when it began. */
import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import type { Note } from '../transfers/import/note.ts'
import { givenRows } from './given.ts'

export interface ExportRow {
  messageId: string
  file: string
  /** As Postgres has it, to go on behind. */
  receivedAt: string
  blob: string
  trace: string
  sender: string
  note: Note
  bytes: number | null
}

export interface MailboxPath {
  id: string
  role: string | null
  path: string[]
}

export async function mailboxPaths(db: Database, accountId: string): Promise<MailboxPath[]> {
  const { rows } = await sql<MailboxPath>`
    with recursive down as (
      select id, role, array[name] as path from mailboxes where account_id = ${accountId} and parent_id is null
      union all select m.id, m.role, down.path || m.name from mailboxes m join down on m.parent_id = down.id
      where cardinality(down.path) < 50
    )
    select id, role, path from down order by path`.execute(db)
  return rows
}

export interface ToExport extends Omit<ExportRow, 'file' | 'note' | 'bytes'> {
  mailboxIds: string[]
  isSeen: boolean
  isAnswered: boolean
  isFlagged: boolean
  isForwarded: boolean
  isDraft: boolean
  keywords: string[]
  category: Note['category']
}

/** By id, those behind `after`. */
export async function messagesAfter(
  db: Database,
  accountId: string,
  after: string,
  limit: number,
): Promise<ToExport[]> {
  const { rows } = await sql<ToExport>`
    select m.id as "messageId", m.blob, m.trace, m.sender_address as sender, ${exactTime} as "receivedAt",
      coalesce((select array_agg(mailbox_id) from mailbox_messages where message_id = m.id), '{}') as "mailboxIds",
      m.is_seen as "isSeen", m.is_answered as "isAnswered", m.is_flagged as "isFlagged",
      m.is_forwarded as "isForwarded", m.is_draft as "isDraft", m.keywords, m.category
    from messages m where m.account_id = ${accountId} and m.id > ${after} order by m.id limit ${limit}`.execute(
    db,
  )
  return rows
}

export async function insertExportMessages(
  tx: Database,
  transferId: string,
  rows: readonly Omit<ExportRow, 'bytes'>[],
): Promise<void> {
  await sql`
    insert into export_messages (transfer_id, message_id, file, received_at, blob, trace, sender, note)
    select ${transferId}::uuid, "messageId", file, "receivedAt", blob, trace, sender, note
    from ${givenRows(rows, '"messageId" uuid, file text, "receivedAt" timestamptz, blob text, trace text, sender text, note jsonb')}`.execute(
    tx,
  )
}

export async function noteSizes(
  db: Database,
  transferId: string,
  sizes: readonly { messageId: string; bytes: number }[],
): Promise<void> {
  await sql`
    update export_messages e set bytes = given.bytes
    from ${givenRows(sizes, '"messageId" uuid, bytes bigint')}
    where e.transfer_id = ${transferId} and e.message_id = given."messageId"`.execute(db)
}

/** By file, and in each as they came. */
export async function exportMessagesAfter(
  db: Database,
  transferId: string,
  after: ExportRow | undefined,
  limit: number,
): Promise<ExportRow[]> {
  const { rows } = await sql<ExportRow>`
    select m.message_id as "messageId", m.file, ${exactTime} as "receivedAt", m.blob, m.trace, m.sender, m.note,
      m.bytes::float8 as bytes
    from export_messages m where m.transfer_id = ${transferId}
      and ${after ? sql`(m.file, m.received_at, m.message_id) > (${after.file}, ${after.receivedAt}::timestamptz, ${after.messageId}::uuid)` : sql`true`}
    order by m.file, m.received_at, m.message_id limit ${limit}`.execute(db)
  return rows
}

export async function exportFiles(
  db: Database,
  transferId: string,
): Promise<{ file: string; messages: number; bytes: number }[]> {
  const { rows } = await sql<{ file: string; messages: number; bytes: number }>`
    select file, count(*)::int as messages, coalesce(sum(bytes), 0)::float8 as bytes from export_messages
    where transfer_id = ${transferId} group by file order by file`.execute(db)
  return rows
}

const exactTime = sql`to_char(m.received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
