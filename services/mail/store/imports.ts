/** What an import asks of an account, and what it remembers of its file. */
import { sql } from 'kysely'
import type { Category } from '#contracts/mail/messages.ts'
import type { Database } from '#platform/database/database.ts'
import type { IndexLine, Note } from '../transfers/import/note.ts'
import { givenRows } from './given.ts'
import { referenceOf } from './threads.ts'

/** Which of these blobs the account has messages of, each with one of them. */
export async function messagesOfBlobs(
  tx: Database,
  accountId: string,
  blobs: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await sql<{ blob: string; id: string }>`
    select blob, max(id::text)::uuid as id from messages
    where account_id = ${accountId} and blob = any (${[...blobs]}) group by blob`.execute(tx)
  return new Map(rows.map(({ blob, id }) => [blob, id]))
}

interface Candidate {
  messageId: string
  sizeBytes: number
}

export interface Copy extends Candidate {
  id: string
  blob: string
  trace: string
}

/** Messages that came in by SMTP and may be these: what an export gives has their trace before their bytes. */
export async function tracedCopies(
  db: Database,
  accountId: string,
  candidates: readonly Candidate[],
): Promise<Copy[]> {
  const given = candidates.map((candidate) => ({ ...candidate, reference: referenceOf(candidate.messageId) }))
  const { rows } = await sql<Copy>`
    select m.id, m.blob, m.trace, m.message_id as "messageId", m.size_bytes::float8 as "sizeBytes"
    from ${givenRows(given, '"messageId" text, "sizeBytes" bigint, reference uuid')}
    join thread_references r on r.account_id = ${accountId} and r.reference = given.reference
    join messages m on m.thread_id = r.thread_id and m.message_id = given."messageId"
      and m.size_bytes = given."sizeBytes" and m.trace <> ''`.execute(db)
  return rows
}

export interface LabelRow {
  id: string
  parentId: string | null
  name: string
  role: string | null
}

export async function labelsOf(tx: Database, accountId: string): Promise<LabelRow[]> {
  const { rows } = await sql<LabelRow>`
    select id, parent_id as "parentId", name, role from mailboxes where account_id = ${accountId}`.execute(tx)
  return rows
}

/** Of senders whose mail the person has put into a category. */
export async function correctedSenders(
  db: Database,
  accountId: string,
  addresses: readonly string[],
): Promise<Map<string, Category>> {
  const { rows } = await sql<{ address: string; category: Category }>`
    select address, category from correspondents
    where account_id = ${accountId} and address = any (${[...addresses]}) and category is not null`.execute(
    db,
  )
  return new Map(rows.map(({ address, category }) => [address, category]))
}

export async function markForwarded(tx: Database, ids: readonly string[]): Promise<void> {
  if (ids.length > 0)
    await sql`update messages set is_forwarded = true where id = any (${[...ids]}::uuid[])`.execute(tx)
}

/** Read again, they are as they were. */
export async function insertNotes(
  db: Database,
  transferId: string,
  folder: string,
  lines: readonly IndexLine[],
): Promise<void> {
  const rows = lines.map(({ file, number, ...note }) => ({ file: folder + file, number, note }))
  await sql`
    insert into import_notes (transfer_id, file, number, note)
    select distinct on (file, number) ${transferId}::uuid, file, number, note
    from ${givenRows(rows, 'file text, number int, note jsonb')}
    on conflict do nothing`.execute(db)
}

/** By `file number`. */
export async function notesOf(
  db: Database,
  transferId: string,
  places: readonly { file: string; number: number }[],
): Promise<Map<string, Note>> {
  const { rows } = await sql<{ file: string; number: number; note: Note }>`
    select n.file, n.number, n.note from ${givenRows(places, 'file text, number int')}
    join import_notes n on n.transfer_id = ${transferId} and n.file = given.file and n.number = given.number`.execute(
    db,
  )
  return new Map(rows.map(({ file, number, note }) => [`${file} ${number}`, note]))
}
