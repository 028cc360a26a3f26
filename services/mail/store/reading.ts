/** What lists and pages show. */
import { sql, type RawBuilder } from 'kysely'
import type { Category, Message, ThreadRow } from '#contracts/mail/messages.ts'
import { isoTime } from '#platform/database/iso-time.ts'
import type { Database } from '#platform/database/database.ts'
import type { Part } from '../mime/message.ts'
import { referenceOf } from './threads.ts'

/** Where a list goes on: behind this conversation. */
export interface ThreadPlace {
  lastAt: string
  id: string
}

/** Ids of a mailbox's conversations with the time they are sorted by, the latest first. */
export async function threadsOfMailbox(
  db: Database,
  page: { mailboxId: string; category?: Category | undefined; after: ThreadPlace | undefined; limit: number },
): Promise<ThreadPlace[]> {
  const conditions: RawBuilder<unknown>[] = [sql`mailbox_id = ${page.mailboxId}`]
  if (page.category !== undefined) conditions.push(sql`category = ${page.category}`)
  if (page.after)
    conditions.push(sql`(last_at, thread_id) < (${page.after.lastAt}::timestamptz, ${page.after.id}::uuid)`)
  const { rows } = await sql<ThreadPlace>`
    select thread_id as id, to_char(last_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "lastAt"
    from mailbox_threads where ${sql.join(conditions, sql` and `)}
    order by last_at desc, thread_id desc limit ${page.limit}`.execute(db)
  return rows
}

type MessageOfRow = Pick<
  Message,
  | 'id'
  | 'threadId'
  | 'from'
  | 'subject'
  | 'snippet'
  | 'attachments'
  | 'isSeen'
  | 'isFlagged'
  | 'isOwn'
  | 'category'
> & {
  receivedAt: string
  mailboxIds: string[]
}

/** In the order of the ids; what the account does not have is left out. `mailboxId`: listed there, if at all. */
export async function threadRows(
  db: Database,
  accountId: string,
  ids: readonly string[],
  aside: { junk: string; trash: string },
  mailboxId?: string,
): Promise<ThreadRow[]> {
  const { rows: threads } = await sql<Pick<ThreadRow, 'id' | 'snoozedUntil' | 'isMuted' | 'hasDraft'>>`
    select t.id, ${isoTime('t.snoozed_until')} as "snoozedUntil", t.is_muted as "isMuted",
      exists (select from drafts d where d.thread_id = t.id) as "hasDraft"
    from threads t where t.account_id = ${accountId} and t.id = any (${[...ids]}::uuid[])`.execute(db)
  const { rows: messages } = await sql<MessageOfRow>`
    select m.id, m.thread_id as "threadId", m.addresses->'from' as "from", m.subject, m.snippet, m.attachments,
      m.is_seen as "isSeen", m.is_flagged as "isFlagged", m.is_own as "isOwn", m.category,
      ${isoTime('m.received_at')} as "receivedAt",
      coalesce((select array_agg(mailbox_id) from mailbox_messages where message_id = m.id), '{}') as "mailboxIds"
    from messages m where m.thread_id = any (${threads.map(({ id }) => id)}::uuid[])
    order by m.received_at, m.id`.execute(db)
  const ofThread = Map.groupBy(messages, ({ threadId }) => threadId)
  const byId = new Map(threads.map((thread) => [thread.id, thread]))
  return ids.flatMap((id) => {
    const thread = byId.get(id)
    const all = ofThread.get(id)
    if (!thread || !all) return []
    const isAside = ({ mailboxIds }: MessageOfRow) =>
      mailboxIds.includes(aside.junk) || mailboxIds.includes(aside.trash)
    const listed =
      mailboxId === aside.junk || mailboxId === aside.trash
        ? all.filter(({ mailboxIds }) => mailboxIds.includes(mailboxId))
        : all.filter((message) => !isAside(message))
    return [rowOf(thread, listed.length > 0 ? listed : all, mailboxId)]
  })
}

function rowOf(
  thread: Pick<ThreadRow, 'id' | 'snoozedUntil' | 'isMuted' | 'hasDraft'>,
  messages: readonly MessageOfRow[],
  mailboxId: string | undefined,
): ThreadRow {
  const last = messages.at(-1)!
  const lastHere =
    messages.findLast(({ mailboxIds }) => mailboxId !== undefined && mailboxIds.includes(mailboxId)) ?? last
  const senders = new Map<string, ThreadRow['senders'][number]>()
  for (const { from, isSeen, isOwn } of messages) {
    const sender = from[0] ?? { name: '', address: '' }
    const known = senders.get(sender.address)
    senders.set(sender.address, { ...sender, isOwn, isUnread: !isSeen || (known?.isUnread ?? false) })
  }
  return {
    ...thread,
    subject: messages[0]!.subject,
    snippet: lastHere.snippet,
    lastAt: lastHere.receivedAt,
    messages: messages.length,
    unread: messages.filter(({ isSeen }) => !isSeen).length,
    isFlagged: messages.some(({ isFlagged }) => isFlagged),
    category: lastHere.category,
    senders: [...senders.values()].slice(-20),
    attachments: messages
      .flatMap(({ attachments }) => attachments)
      .filter(({ isInline }) => !isInline)
      .slice(0, 3)
      .map(({ fileName, mediaType }) => ({ fileName, mediaType })),
    mailboxIds: [...new Set(messages.flatMap(({ mailboxIds }) => mailboxIds))],
  }
}

export type StoredMessage = Omit<Message, 'delivery'> & { blob: string; trace: string }

/** Oldest first. */
export async function messagesOfThread(
  db: Database,
  accountId: string,
  threadId: string,
): Promise<StoredMessage[]> {
  const { rows } = await sql<StoredMessage>`
    select ${messageColumns} from messages m
    where m.account_id = ${accountId} and m.thread_id = ${threadId} order by m.received_at, m.id`.execute(db)
  return rows
}

export async function findMessage(
  db: Database,
  accountId: string,
  id: string,
): Promise<StoredMessage | undefined> {
  const { rows } = await sql<StoredMessage>`
    select ${messageColumns} from messages m where m.account_id = ${accountId} and m.id = ${id}`.execute(db)
  return rows[0]
}

const address = (field: string) => sql`m.addresses->${sql.lit(field)} as ${sql.ref(field)}`

const messageColumns = sql`
  m.id, m.thread_id as "threadId", ${sql.join(['from', 'sender', 'replyTo', 'to', 'cc', 'bcc'].map(address))},
  m.subject, m.snippet, m.message_id as "messageId", ${isoTime('m.received_at')} as "receivedAt",
  ${isoTime('m.sent_at')} as "sentAt", m.size_bytes::float8 as "sizeBytes", m.attachments,
  coalesce((select array_agg(mailbox_id) from mailbox_messages where message_id = m.id), '{}') as "mailboxIds",
  m.is_seen as "isSeen", m.is_answered as "isAnswered", m.is_flagged as "isFlagged", m.is_forwarded as "isForwarded",
  m.is_own as "isOwn", m.category, m.category_reasons as "categoryReasons",
  jsonb_build_object('verdict', m.spam_verdict, 'score', m.spam_score, 'reasons', m.spam_reasons) as spam,
  m.authentication, m.blob, m.trace`

export async function structureOf(db: Database, blob: string): Promise<Part | undefined> {
  const { rows } = await sql<{ structure: Part }>`
    select structure from contents where blob = ${blob}`.execute(db)
  return rows[0]?.structure
}

/** What the stream tells: everything that changed after a mod-sequence, of at most so many conversations. */
export async function changesAfter(
  db: Database,
  accountId: string,
  after: number,
  limit: number,
): Promise<{ modseq: number; threadIds: string[] }> {
  const { rows } = await sql<{ modseq: number; threadIds: string[] }>`
    select a.modseq::float8 as modseq,
      coalesce((
        select array_agg(thread_id) from (
          select distinct m.thread_id from mailbox_messages mm join messages m on m.id = mm.message_id
          where mm.account_id = a.id and mm.modseq > ${after}
          union select thread_id from vanished v where v.account_id = a.id and v.modseq > ${after}
          limit ${limit}
        ) changed
      ), '{}') as "threadIds"
    from accounts a where a.id = ${accountId}`.execute(db)
  return rows[0] ?? { modseq: after, threadIds: [] }
}

/** Unread messages of the inbox that came after a mod-sequence and are of the last minutes, the newest few. */
export async function arrivedAfter(
  db: Database,
  inboxId: string,
  after: number,
): Promise<
  { threadId: string; from: { name: string; address: string }; subject: string; snippet: string }[]
> {
  const { rows } = await sql<{
    threadId: string
    from: { name: string; address: string }
    subject: string
    snippet: string
  }>`
    select m.thread_id as "threadId", coalesce(m.addresses->'from'->0, '{"name":"","address":""}') as "from", m.subject,
      m.snippet
    from mailbox_messages mm join messages m on m.id = mm.message_id
    where mm.mailbox_id = ${inboxId} and mm.modseq > ${after} and m.modseq = mm.modseq and not m.is_seen
      and mm.added_at > now() - interval '5 minutes' and m.received_at > now() - interval '1 hour'
    order by mm.uid desc limit 5`.execute(db)
  return rows
}

/** Whether the account has written one of these messages. Ids stand without angle brackets. */
export async function hasOwnMessage(
  db: Database,
  accountId: string,
  messageIds: readonly string[],
): Promise<boolean> {
  const { rows } = await sql`
    select from thread_references r join messages m on m.thread_id = r.thread_id
    where r.account_id = ${accountId} and r.reference = any (${messageIds.map(referenceOf)}::uuid[])
      and m.is_own and m.message_id = any (${[...messageIds]})
    limit 1`.execute(db)
  return rows.length > 0
}
