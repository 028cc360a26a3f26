/** Puts right what can be read again from the bytes of messages. */
import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import type { Part } from '../mime/message.ts'
import { beginChange, lockAccounts } from './accounts.ts'
import type { readOf } from './arrivals.ts'
import { givenRows } from './given.ts'
import { settleThreads } from './threads.ts'
import { insertWords } from './words.ts'

export async function accountIdsAfter(db: Database, after: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from accounts where id > ${after} order by id limit ${limit}`.execute(db)
  return rows.map(({ id }) => id)
}

export interface MessagePlace {
  id: string
  blob: string
  /** Header fields that stand before the bytes of the blob. */
  trace: string
}

export async function messagesOfAccountAfter(
  db: Database,
  accountId: string,
  after: string,
  limit: number,
): Promise<MessagePlace[]> {
  const { rows } = await sql<MessagePlace>`
    select id, blob, trace from messages
    where account_id = ${accountId} and id > ${after} order by id limit ${limit}`.execute(db)
  return rows
}

export interface ReadAgain extends ReturnType<typeof readOf> {
  id: string
  blob: string
  contentBytes: number
  structure: Part
  /** As Postgres reads a tsvector. */
  words: string
  references: string[]
}

/** Of one account. Gives how many messages are otherwise now. */
export async function mendMessages(
  tx: Database,
  accountId: string,
  read: readonly ReadAgain[],
): Promise<number> {
  if (!(await lockAccounts(tx, [accountId])).has(accountId)) return 0
  await mendContents(tx, read)
  const mended = await mendRows(tx, read)
  if (mended.length > 0) {
    const account = (await beginChange(tx, accountId))!
    const ids = mended.map(({ id }) => id)
    await sql`update messages set modseq = ${account.modseq} where id = any (${ids}::uuid[])`.execute(tx)
    await sql`update mailbox_messages set modseq = ${account.modseq} where message_id = any (${ids}::uuid[])`.execute(
      tx,
    )
    const changes = [{ accountId, modseq: account.modseq }]
    await settleThreads(
      tx,
      mended.map(({ threadId }) => threadId),
      changes,
    )
  }
  await mendReferences(tx, accountId, read)
  return new Set([...mended.map(({ id }) => id), ...(await mendWords(tx, read))]).size
}

async function mendContents(tx: Database, read: readonly ReadAgain[]): Promise<void> {
  const rows = new Map(
    read.map(({ blob, contentBytes, structure }) => [blob, { blob, contentBytes, structure }]),
  )
  await sql`
    update contents c set size_bytes = "contentBytes", structure = given.structure
    from ${givenRows([...rows.values()], 'blob text, "contentBytes" bigint, structure jsonb')}
    where c.blob = given.blob and (c.size_bytes, c.structure) is distinct from ("contentBytes", given.structure)`.execute(
    tx,
  )
}

async function mendRows(
  tx: Database,
  read: readonly ReadAgain[],
): Promise<{ id: string; threadId: string }[]> {
  const rows = read.map(({ structure: _structure, words: _words, references: _references, ...row }) => row)
  const { rows: mended } = await sql<{ id: string; threadId: string }>`
    with fresh as (
      select given.*, octet_length(m.trace) + given."contentBytes" as size_bytes
      from ${givenRows(
        rows,
        `id uuid, blob text, "contentBytes" bigint, "sentAt" timestamptz, "messageId" text, subject text,
        addresses jsonb, "senderAddress" text, snippet text, attachments jsonb`,
      )} join messages m on m.id = given.id
    )
    update messages m set size_bytes = f.size_bytes, sent_at = f."sentAt", message_id = f."messageId",
      subject = f.subject, addresses = f.addresses, sender_address = f."senderAddress", snippet = f.snippet,
      attachments = f.attachments
    from fresh f where m.id = f.id and
      (m.size_bytes, m.sent_at, m.message_id, m.subject, m.addresses, m.sender_address, m.snippet, m.attachments)
      is distinct from
      (f.size_bytes, f."sentAt", f."messageId", f.subject, f.addresses, f."senderAddress", f.snippet, f.attachments)
    returning m.id, m.thread_id as "threadId"`.execute(tx)
  return mended
}

/** Of where the messages are now. */
async function mendReferences(tx: Database, accountId: string, read: readonly ReadAgain[]): Promise<void> {
  const { rows } = await sql<{ id: string; threadId: string }>`
    select id, thread_id as "threadId" from messages where id = any (${read.map(({ id }) => id)}::uuid[])`.execute(
    tx,
  )
  const threads = new Map(rows.map(({ id, threadId }) => [id, threadId]))
  const references = read.flatMap(({ id, references: own }) => {
    const threadId = threads.get(id)
    return threadId === undefined ? [] : own.map((reference) => ({ accountId, reference, threadId }))
  })
  await sql`
    insert into thread_references (account_id, reference, thread_id)
    select distinct "accountId", reference, "threadId"
    from ${givenRows(references, '"accountId" uuid, reference uuid, "threadId" uuid')}
    on conflict do nothing`.execute(tx)
}

async function mendWords(tx: Database, read: readonly ReadAgain[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select given.id from unnest(${read.map(({ id }) => id)}::uuid[], ${read.map(({ words }) => words)}::text[]) given (id, words)
    join messages m on m.id = given.id left join message_words w on w.message_id = given.id
    where w.words is distinct from given.words::tsvector`.execute(tx)
  const ids = new Set(rows.map(({ id }) => id))
  await insertWords(
    tx,
    read.filter(({ id }) => ids.has(id)).map(({ id, words }) => ({ messageId: id, words })),
  )
  return [...ids]
}

/** Conversations by id, with what lists show of them. */
export async function mendThreads(
  tx: Database,
  accountId: string,
  after: string,
  limit: number,
): Promise<string | undefined> {
  const account = (await lockAccounts(tx, [accountId])).get(accountId)
  if (!account) return undefined
  const { rows } = await sql<{ id: string }>`
    select id from threads where account_id = ${accountId} and id > ${after} order by id limit ${limit}`.execute(
    tx,
  )
  const ids = rows.map(({ id }) => id)
  if (ids.length > 0) await settleThreads(tx, ids, [{ accountId, modseq: account.modseq }])
  return ids.at(-1)
}

/** Counts of its mailboxes, and what it uses. */
export async function mendCounts(tx: Database, accountId: string): Promise<void> {
  await lockAccounts(tx, [accountId])
  await sql`
    with counted as (
      select b.id, coalesce(sum(t.messages), 0)::int as messages, coalesce(sum(t.unread), 0)::int as unread,
        count(t.thread_id)::int as threads, (count(*) filter (where t.unread > 0))::int as unread_threads
      from mailboxes b left join mailbox_threads t on t.mailbox_id = b.id where b.account_id = ${accountId} group by b.id
    )
    update mailboxes b set messages = c.messages, unread = c.unread, threads = c.threads,
      unread_threads = c.unread_threads
    from counted c where c.id = b.id and (b.messages, b.unread, b.threads, b.unread_threads)
      is distinct from (c.messages, c.unread, c.threads, c.unread_threads)`.execute(tx)
  await sql`
    update accounts set used_bytes = used.bytes
    from (select coalesce(sum(size_bytes), 0)::bigint as bytes from messages where account_id = ${accountId}) used
    where id = ${accountId} and used_bytes <> used.bytes`.execute(tx)
}
