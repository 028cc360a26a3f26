/** Puts messages into mailboxes: many at once, for many accounts, in one transaction. */
import { sql } from 'kysely'
import { v7 } from 'uuid'
import type { Authentication, Category, Reason } from '#contracts/mail/messages.ts'
import type { MailboxRole } from '#contracts/mail/mailboxes.ts'
import type { Database } from '#platform/database/database.ts'
import { baseSubject } from '../arrival/base-subject.ts'
import type { Attachment, Envelope, ParsedMessage, Part } from '../mime/message.ts'
import { lockAccounts, type AccountRow } from './accounts.ts'
import { noteReceived } from './contacts.ts'
import { givenRows } from './given.ts'
import {
  insertReferences,
  insertThreads,
  mergeThreads,
  referenceOf,
  settleThreads,
  threadsOfReferences,
  type KnownThread,
} from './threads.ts'

export interface NewMessage {
  accountId: string
  blob: string
  /** Header fields to stand before the blob's bytes. */
  trace: string
  parsed: ParsedMessage
  receivedAt: Date
  /** Into which mailboxes, beside `all` where it is neither junk nor trash. */
  roles: readonly MailboxRole[]
  labelIds?: readonly string[]
  isSeen?: boolean
  isFlagged?: boolean
  isAnswered?: boolean
  isOwn?: boolean
  isDraft?: boolean
  keywords?: readonly string[]
  category: Category
  categoryReasons: readonly Reason[]
  spam?: { score: number; verdict: string; reasons: readonly Reason[] }
  authentication?: Authentication
  /** Into this conversation, whatever it refers to. */
  threadId?: string | undefined
}

export type Outcome =
  | { state: 'kept'; id: string; threadId: string; modseq: number; isMuted: boolean }
  /** The same bytes came within a day. */
  | { state: 'duplicate' }
  | { state: 'full' }
  | { state: 'noAccount' }

/** A conversation that is longer begins anew: every change of it is reckoned from all of its messages. */
const longestThread = 250
const mostReferences = 20
const listed = { addresses: 100, attachments: 200 }

/** Thrown where what was stored of a blob has been swept meanwhile: store it again and begin anew. */
export class SweptBlobs extends Error {
  readonly blobs: readonly string[]
  constructor(blobs: readonly string[]) {
    super('blobs were removed as they came again')
    this.blobs = blobs
  }
}

/** Outcomes in the order of the messages. Nothing is kept of those that are not `kept`. */
export async function insertMessages(tx: Database, messages: readonly NewMessage[]): Promise<Outcome[]> {
  const accounts = await lockAccounts(tx, [...new Set(messages.map(({ accountId }) => accountId))])
  const refusals = await refuse(tx, messages, accounts)
  const taken = messages.filter((_, index) => !refusals[index])
  if (taken.length === 0) return refusals as Outcome[]
  const change = (accountId: string) => accounts.get(accountId)!.modseq + 1
  await insertContents(tx, taken)
  const threads = await assignThreads(tx, taken, change)
  const rows = taken.map((message, index) => ({ message, id: v7(), ...threads[index]! }))
  await insertRows(tx, rows, change)
  await placeRows(tx, rows, accounts, change)
  const used = sumBy(taken, ({ accountId }) => accountId, sizeOf)
  await sql`
    update accounts a set modseq = a.modseq + 1, used_bytes = a.used_bytes + given.bytes
    from ${givenRows(used, 'key uuid, bytes bigint')} where a.id = given.key`.execute(tx)
  const changes = used.map(({ key }) => ({ accountId: key, modseq: change(key) }))
  await settleThreads(
    tx,
    rows.map(({ threadId }) => threadId),
    changes,
  )
  const kept = rows.values()
  return refusals.map((refusal): Outcome => {
    if (refusal) return refusal
    const { message, id, threadId, isMuted } = kept.next().value!
    return { state: 'kept', id, threadId, isMuted, modseq: change(message.accountId) }
  })
}

export function sizeOf({ trace, parsed }: Pick<NewMessage, 'trace' | 'parsed'>): number {
  return Buffer.byteLength(trace) + parsed.sizeBytes
}

async function refuse(
  tx: Database,
  messages: readonly NewMessage[],
  accounts: ReadonlyMap<string, AccountRow>,
): Promise<(Outcome | undefined)[]> {
  const known = await recentCopies(tx, messages)
  const used = new Map<string, number>()
  return messages.map((message) => {
    const account = accounts.get(message.accountId)
    if (!account) return { state: 'noAccount' }
    const key = `${message.accountId} ${message.blob}`
    if (message.parsed.messageId !== undefined && !message.isOwn && !message.isDraft) {
      if (known.has(key)) return { state: 'duplicate' }
      known.add(key)
    }
    const bytes = (used.get(account.id) ?? account.usedBytes) + sizeOf(message)
    if (bytes > account.quotaBytes) return { state: 'full' }
    used.set(account.id, bytes)
    return undefined
  })
}

/** A server that did not hear our answer sends again what we have. */
async function recentCopies(tx: Database, messages: readonly NewMessage[]): Promise<Set<string>> {
  const { rows } = await sql<{ key: string }>`
    select account_id || ' ' || blob as key from messages
    where blob = any (${messages.map(({ blob }) => blob)}) and received_at > now() - interval '1 day'
      and not is_own`.execute(tx)
  return new Set(rows.map(({ key }) => key))
}

async function insertContents(tx: Database, messages: readonly NewMessage[]): Promise<void> {
  const contents = new Map(messages.map(({ blob, parsed }) => [blob, parsed]))
  const rows = [...contents]
    .map(([blob, { sizeBytes, structure }]): { blob: string; sizeBytes: number; structure: Part } => ({
      blob,
      sizeBytes,
      structure,
    }))
    .toSorted((a, b) => (a.blob < b.blob ? -1 : 1))
  await sql`
    insert into contents (blob, size_bytes, structure)
    select blob, "sizeBytes", structure from ${givenRows(rows, 'blob text, "sizeBytes" bigint, structure jsonb')}
    order by blob on conflict (blob) do update set size_bytes = excluded.size_bytes`.execute(tx)
  const { rows: swept } = await sql<{ blob: string }>`
    delete from swept_blobs where blob = any (${[...contents.keys()]}) returning blob`.execute(tx)
  if (swept.length > 0) throw new SweptBlobs(swept.map(({ blob }) => blob))
}

interface Assigned {
  threadId: string
  isMuted: boolean
}

/** By the Message-IDs that a message has and refers to, where the subject is the same but for `Re:`. */
async function assignThreads(
  tx: Database,
  messages: readonly NewMessage[],
  change: (accountId: string) => number,
): Promise<Assigned[]> {
  const references = messages.map(({ parsed }) => referencesOf(parsed))
  const accountIds = [...new Set(messages.map(({ accountId }) => accountId))]
  const known = new Map<string, KnownThread[]>()
  const note = (thread: KnownThread) => {
    const key = `${thread.accountId} ${thread.reference}`
    known.set(key, [...(known.get(key) ?? []), thread])
  }
  for (const thread of await threadsOfReferences(tx, accountIds, references.flat())) note(thread)

  const made: KnownThread[] = []
  const merges = new Map<string, { into: KnownThread; from: string }>()
  const lengths = new Map<string, number>()
  const assigned = messages.map(({ accountId, parsed, threadId }, index): Assigned => {
    const base = baseSubject(parsed.envelope.subject)
    const own = references[index]!
    const found = new Map<string, KnownThread>()
    if (threadId === undefined)
      for (const reference of own)
        for (const thread of known.get(`${accountId} ${reference}`) ?? [])
          if (thread.baseSubject === base && (lengths.get(thread.id) ?? thread.messages) < longestThread)
            found.set(thread.id, thread)
    const [first, ...others] = [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const fresh = {
      id: threadId ?? v7(),
      accountId,
      reference: '',
      baseSubject: base,
      messages: 0,
      isMuted: false,
    }
    const thread = first ?? fresh
    if (!first && threadId === undefined) made.push(fresh)
    for (const other of others)
      if (!merges.has(other.id)) merges.set(other.id, { into: thread, from: other.id })
    lengths.set(thread.id, (lengths.get(thread.id) ?? thread.messages) + 1)
    for (const reference of own) note({ ...thread, reference })
    return { threadId: thread.id, isMuted: thread.isMuted }
  })

  await insertThreads(tx, made)
  const rows = assigned.flatMap(({ threadId }, index) =>
    references[index]!.map((reference) => ({ accountId: messages[index]!.accountId, reference, threadId })),
  )
  await insertReferences(tx, rows)
  for (const { from, into } of merges.values()) await mergeThreads(tx, from, into.id, change(into.accountId))
  const target = (threadId: string): string => {
    const merge = merges.get(threadId)
    return merge ? target(merge.into.id) : threadId
  }
  return assigned.map(({ threadId, isMuted }) => ({ threadId: target(threadId), isMuted }))
}

/** Its own Message-ID first, then what it answers, newest first. */
function referencesOf({ messageId, inReplyTo, references }: ParsedMessage): string[] {
  const ids = [messageId, ...inReplyTo, ...references.toReversed()].filter((id) => id !== undefined)
  return [...new Set(ids.slice(0, mostReferences))].map(referenceOf)
}

interface Row extends Assigned {
  id: string
  message: NewMessage
}

async function insertRows(
  tx: Database,
  rows: readonly Row[],
  change: (accountId: string) => number,
): Promise<void> {
  const given = rows.map(({ id, threadId, message }) => ({
    ...rowOf(message),
    id,
    threadId,
    modseq: change(message.accountId),
  }))
  await sql`
    insert into messages (id, account_id, thread_id, blob, trace, size_bytes, received_at, sent_at, message_id, subject,
      addresses, sender_address, snippet, attachments, is_seen, is_flagged, is_answered, is_own, is_draft, keywords,
      category, category_reasons, spam_score, spam_verdict, spam_reasons, authentication, modseq)
    select id, "accountId", "threadId", blob, trace, "sizeBytes", "receivedAt", "sentAt", "messageId", subject,
      addresses, "senderAddress", snippet, attachments, "isSeen", "isFlagged", "isAnswered", "isOwn", "isDraft",
      keywords, category, "categoryReasons", "spamScore", "spamVerdict", "spamReasons", authentication, modseq
    from ${givenRows(given, rowColumns)}`.execute(tx)
  await noteSenders(tx, rows)
  await sql`
    insert into unindexed_messages (message_id) select unnest(${rows.map(({ id }) => id)}::uuid[])`.execute(
    tx,
  )
}

/** Whose mail came, spam aside. */
async function noteSenders(tx: Database, rows: readonly Row[]): Promise<void> {
  const senders = rows.flatMap(({ message: { accountId, parsed, spam, isOwn, isDraft } }) => {
    const [from] = parsed.envelope.from
    const isSpam = spam?.verdict === 'spam' || spam?.verdict === 'certainSpam'
    return !from || isOwn === true || isDraft === true || isSpam ? [] : [{ accountId, ...from }]
  })
  await noteReceived(tx, senders)
}

const rowColumns = `id uuid, "accountId" uuid, "threadId" uuid, blob text, trace text, "sizeBytes" bigint,
  "receivedAt" timestamptz, "sentAt" timestamptz, "messageId" text, subject text, addresses jsonb,
  "senderAddress" text, snippet text, attachments jsonb, "isSeen" boolean, "isFlagged" boolean, "isAnswered" boolean,
  "isOwn" boolean, "isDraft" boolean, keywords text[], category text, "categoryReasons" jsonb, "spamScore" real,
  "spamVerdict" text, "spamReasons" jsonb, authentication jsonb, modseq bigint`

function rowOf(message: NewMessage) {
  const { parsed, spam, accountId, blob, trace, receivedAt, category, categoryReasons } = message
  return {
    accountId,
    blob,
    trace,
    sizeBytes: sizeOf(message),
    receivedAt: receivedAt.toISOString(),
    sentAt: parsed.sentAt?.toISOString() ?? null,
    messageId: parsed.messageId?.slice(0, 998) ?? null,
    subject: parsed.envelope.subject.slice(0, 2000),
    addresses: listedAddresses(parsed.envelope),
    senderAddress: (parsed.envelope.from[0]?.address ?? '').toLowerCase().slice(0, 320),
    snippet: parsed.snippet,
    attachments: parsed.attachments.slice(0, listed.attachments) satisfies Attachment[],
    isSeen: message.isSeen ?? false,
    isFlagged: message.isFlagged ?? false,
    isAnswered: message.isAnswered ?? false,
    isOwn: message.isOwn ?? false,
    isDraft: message.isDraft ?? false,
    keywords: message.keywords ?? [],
    category,
    categoryReasons,
    spamScore: spam?.score ?? null,
    spamVerdict: spam?.verdict ?? null,
    spamReasons: spam?.reasons ?? [],
    authentication: message.authentication ?? null,
  }
}

function listedAddresses({ from, sender, replyTo, to, cc, bcc }: Envelope) {
  const cut = (list: Envelope['to']) => list.slice(0, listed.addresses)
  return {
    from: cut(from),
    sender: cut(sender),
    replyTo: cut(replyTo),
    to: cut(to),
    cc: cut(cc),
    bcc: cut(bcc),
  }
}

async function placeRows(
  tx: Database,
  rows: readonly Row[],
  accounts: ReadonlyMap<string, AccountRow>,
  change: (accountId: string) => number,
): Promise<void> {
  const places = rows.flatMap(({ id, message }) => {
    const { mailboxes } = accounts.get(message.accountId)!
    const isAside = message.roles.some((role) => role === 'junk' || role === 'trash')
    const roles: MailboxRole[] = isAside ? [...message.roles] : [...message.roles, 'all']
    const mailboxIds = new Set([...roles.map((role) => mailboxes[role]), ...(message.labelIds ?? [])])
    return [...mailboxIds].map((mailboxId) => ({
      mailboxId,
      messageId: id,
      accountId: message.accountId,
      modseq: change(message.accountId),
    }))
  })
  await placeMessages(tx, places)
}

export interface Place {
  mailboxId: string
  messageId: string
  accountId: string
  modseq: number
}

/** Each gets the next UID of its mailbox, in this order. */
export async function placeMessages(tx: Database, places: readonly Place[]): Promise<void> {
  if (places.length === 0) return
  const counts = sumBy(
    places,
    ({ mailboxId }) => mailboxId,
    () => 1,
  )
  const { rows } = await sql<{ id: string; first: number }>`
    update mailboxes b set uid_next = b.uid_next + given.bytes
    from ${givenRows(counts, 'key uuid, bytes bigint')} where b.id = given.key
    returning b.id, (b.uid_next - given.bytes)::float8 as first`.execute(tx)
  const next = new Map(rows.map(({ id, first }) => [id, first]))
  const placed = places.map((place) => {
    const uid = next.get(place.mailboxId)
    if (uid === undefined) throw new Error(`no mailbox ${place.mailboxId}`)
    next.set(place.mailboxId, uid + 1)
    return { ...place, uid }
  })
  await sql`
    insert into mailbox_messages (mailbox_id, uid, message_id, account_id, modseq)
    select "mailboxId", uid, "messageId", "accountId", modseq
    from ${givenRows(placed, '"mailboxId" uuid, uid bigint, "messageId" uuid, "accountId" uuid, modseq bigint')}`.execute(
    tx,
  )
}

function sumBy<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  amountOf: (item: Item) => number,
): { key: string; bytes: number }[] {
  const sums = new Map<string, number>()
  for (const item of items) sums.set(keyOf(item), (sums.get(keyOf(item)) ?? 0) + amountOf(item))
  return [...sums].map(([key, bytes]) => ({ key, bytes }))
}
