/** What a message that comes in is in tables: few statements, however many messages come together. */
import { sql } from 'kysely'
import type { Authentication, Category, Reason } from '#contracts/mail/messages.ts'
import type { Database } from '#platform/database/database.ts'
import type { Attachment, ParsedMessage } from '../mime/message.ts'
import { givenRows } from './given.ts'
import type { KnownThread, NewThread } from './threads.ts'

export interface ArrivalRow {
  id: string
  threadId: string
  modseq: number
  accountId: string
  blob: string
  trace: string
  sizeBytes: number
  receivedAt: string
  sentAt: string | null
  messageId: string | null
  subject: string
  addresses: object
  senderAddress: string
  snippet: string
  attachments: Attachment[]
  isSeen: boolean
  isFlagged: boolean
  isAnswered: boolean
  isOwn: boolean
  isDraft: boolean
  keywords: readonly string[]
  category: Category
  categoryReasons: readonly Reason[]
  spamScore: number | null
  spamVerdict: string | null
  spamReasons: readonly Reason[]
  authentication: Authentication | null
}

export interface Place {
  mailboxId: string
  messageId: string
  accountId: string
  modseq: number
}

/** Threads that speak of these references, oldest first; and `account blob` of what came within a day, which a server sends again that did not hear our answer. */
export async function findKnown(
  tx: Database,
  messages: readonly { accountId: string; blob: string }[],
  references: readonly string[],
): Promise<{ threads: KnownThread[]; copies: string[] }> {
  const accountIds = [...new Set(messages.map(({ accountId }) => accountId))]
  const { rows } = await sql<{ threads: KnownThread[]; copies: string[] }>`
    select coalesce((
      select jsonb_agg(jsonb_build_object('id', t.id, 'accountId', t.account_id, 'reference', r.reference,
        'baseSubject', t.base_subject, 'messages', t.messages, 'isMuted', t.is_muted) order by t.id)
      from thread_references r join threads t on t.id = r.thread_id
      where r.account_id = any (${accountIds}::uuid[]) and r.reference = any (${[...references]}::uuid[])
    ), '[]') as threads, coalesce((
      select array_agg(account_id || ' ' || blob) from messages
      where blob = any (${messages.map(({ blob }) => blob)}) and received_at > now() - interval '1 day' and not is_own
    ), '{}') as copies`.execute(tx)
  return rows[0]!
}

/** A sweeper that is about to remove one of them is waited for. */
export async function insertContents(
  tx: Database,
  messages: readonly { blob: string; parsed: ParsedMessage }[],
): Promise<void> {
  const contents = new Map(messages.map(({ blob, parsed }) => [blob, parsed]))
  const rows = [...contents].map(([blob, { sizeBytes, structure }]) => ({ blob, sizeBytes, structure }))
  await sql`
    insert into contents (blob, size_bytes, structure)
    select blob, "sizeBytes", structure from ${givenRows(rows, 'blob text, "sizeBytes" bigint, structure jsonb')}
    order by blob on conflict (blob) do update set size_bytes = excluded.size_bytes`.execute(tx)
}

export interface Arrivals {
  rows: readonly ArrivalRow[]
  threads: readonly NewThread[]
  references: readonly { accountId: string; reference: string; threadId: string }[]
  places: readonly Place[]
  /** Bytes by account. */
  used: readonly { key: string; bytes: number }[]
}

/** Gives blobs that were swept before: then nothing of this may stay. */
export async function insertArrivals(tx: Database, arrivals: Arrivals): Promise<string[]> {
  const { rows, threads, references, places, used } = arrivals
  const { rows: swept } = await sql<{ blob: string }>`
    with new_threads as (
      insert into threads (id, account_id, base_subject)
      select id, "accountId", "baseSubject" from ${givenRows(threads, 'id uuid, "accountId" uuid, "baseSubject" text')}
    ), new_references as (
      insert into thread_references (account_id, reference, thread_id)
      select distinct "accountId", reference, "threadId"
      from ${givenRows(references, '"accountId" uuid, reference uuid, "threadId" uuid')}
      on conflict do nothing
    ), new_messages as (
      insert into messages (id, account_id, thread_id, blob, trace, size_bytes, received_at, sent_at, message_id, subject,
        addresses, sender_address, snippet, attachments, is_seen, is_flagged, is_answered, is_own, is_draft, keywords,
        category, category_reasons, spam_score, spam_verdict, spam_reasons, authentication, modseq)
      select id, "accountId", "threadId", blob, trace, "sizeBytes", "receivedAt", "sentAt", "messageId", subject,
        addresses, "senderAddress", snippet, attachments, "isSeen", "isFlagged", "isAnswered", "isOwn", "isDraft",
        keywords, category, "categoryReasons", "spamScore", "spamVerdict", "spamReasons", authentication, modseq
      from ${givenRows(rows, rowColumns)}
    ), new_words as (
      insert into unindexed_messages (message_id) select unnest(${rows.map(({ id }) => id)}::uuid[])
    ), ${placing(places)}, use as (
      update accounts a set modseq = a.modseq + 1, used_bytes = a.used_bytes + given.bytes
      from ${givenRows(used, 'key uuid, bytes bigint')} where a.id = given.key
    )
    delete from swept_blobs where blob = any (${rows.map(({ blob }) => blob)}) returning blob`.execute(tx)
  return swept.map(({ blob }) => blob)
}

/** Each gets the next UID of its mailbox, in this order. */
export async function placeMessages(tx: Database, places: readonly Place[]): Promise<void> {
  if (places.length > 0) await sql`with ${placing(places)} select`.execute(tx)
}

function placing(places: readonly Place[]) {
  const taken = new Map<string, number>()
  const placed = places.map((place) => {
    const offset = taken.get(place.mailboxId) ?? 0
    taken.set(place.mailboxId, offset + 1)
    return { ...place, offset }
  })
  const counts = [...taken].map(([id, count]) => ({ id, count }))
  return sql`uids as (
      update mailboxes b set uid_next = b.uid_next + given.count
      from ${givenRows(counts, 'id uuid, count bigint')} where b.id = given.id
      returning b.id, b.uid_next - given.count as first
    ), new_places as (
      insert into mailbox_messages (mailbox_id, uid, message_id, account_id, modseq)
      select "mailboxId", uids.first + "offset", "messageId", "accountId", modseq
      from ${givenRows(placed, '"mailboxId" uuid, "messageId" uuid, "accountId" uuid, modseq bigint, "offset" bigint')}
      join uids on uids.id = "mailboxId"
    )`
}

const rowColumns = `id uuid, "accountId" uuid, "threadId" uuid, blob text, trace text, "sizeBytes" bigint,
  "receivedAt" timestamptz, "sentAt" timestamptz, "messageId" text, subject text, addresses jsonb,
  "senderAddress" text, snippet text, attachments jsonb, "isSeen" boolean, "isFlagged" boolean, "isAnswered" boolean,
  "isOwn" boolean, "isDraft" boolean, keywords text[], category text, "categoryReasons" jsonb, "spamScore" real,
  "spamVerdict" text, "spamReasons" jsonb, authentication jsonb, modseq bigint`
