/** Puts messages into mailboxes: many at once, for many accounts, in one transaction. */
import { v7 } from 'uuid'
import type { Authentication, Category, Reason } from '#contracts/mail/messages.ts'
import type { MailboxRole } from '#contracts/mail/mailboxes.ts'
import type { Database } from '#platform/database/database.ts'
import { baseSubject } from '../arrival/base-subject.ts'
import type { Attachment, Envelope, ParsedMessage } from '../mime/message.ts'
import { lockAccounts, type AccountRow } from './accounts.ts'
import { findKnown, insertArrivals, insertContents, type ArrivalRow, type Place } from './arrival-rows.ts'
import { assignThreads } from './threading.ts'
import { mergeThreads, referenceOf, settleThreads } from './threads.ts'

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
  const references = messages.map(({ parsed }) => referencesOf(parsed))
  const known = await findKnown(tx, messages, references.flat())
  const refusals = refuse(messages, accounts, new Set(known.copies))
  const taken = messages.flatMap((message, index) =>
    refusals[index]
      ? []
      : [
          {
            ...message,
            references: references[index]!,
            baseSubject: baseSubject(message.parsed.envelope.subject),
          },
        ],
  )
  if (taken.length === 0) return refusals as Outcome[]
  const change = (accountId: string) => accounts.get(accountId)!.modseq + 1
  const { threads, made, merges } = assignThreads(taken, known.threads)
  await insertContents(tx, taken)
  const rows = taken.map((message, index) => ({ message, id: v7(), ...threads[index]! }))
  const used = sumBy(taken, ({ accountId }) => accountId, sizeOf)
  const swept = await insertArrivals(tx, {
    rows: rows.map(({ message, id, threadId }) => ({
      ...rowOf(message),
      id,
      threadId,
      modseq: change(message.accountId),
    })),
    threads: made,
    references: rows.flatMap(({ message: { accountId, references: own }, threadId }) =>
      own.map((reference) => ({ accountId, reference, threadId })),
    ),
    places: rows.flatMap((row) => placesOf(row, accounts, change)),
    used,
  })
  if (swept.length > 0) throw new SweptBlobs(swept)
  for (const { accountId, from, into } of merges) await mergeThreads(tx, from, into, change(accountId))
  const changes = used.map(({ key }) => ({ accountId: key, modseq: change(key) }))
  const threadIds = [...rows.map(({ threadId }) => threadId), ...merges.map(({ from }) => from)]
  await settleThreads(tx, threadIds, changes)
  const kept = rows.values()
  return refusals.map((refusal): Outcome => {
    if (refusal) return refusal
    const { message, id, threadId, isMuted } = kept.next().value!
    return { state: 'kept', id, threadId, isMuted, modseq: change(message.accountId) }
  })
}

function sizeOf({ trace, parsed }: Pick<NewMessage, 'trace' | 'parsed'>): number {
  return Buffer.byteLength(trace) + parsed.sizeBytes
}

function refuse(
  messages: readonly NewMessage[],
  accounts: ReadonlyMap<string, AccountRow>,
  copies: Set<string>,
): (Outcome | undefined)[] {
  const used = new Map<string, number>()
  return messages.map((message) => {
    const account = accounts.get(message.accountId)
    if (!account) return { state: 'noAccount' }
    const key = `${message.accountId} ${message.blob}`
    if (message.parsed.messageId !== undefined && message.isOwn !== true && message.isDraft !== true) {
      if (copies.has(key)) return { state: 'duplicate' }
      copies.add(key)
    }
    const bytes = (used.get(account.id) ?? account.usedBytes) + sizeOf(message)
    if (bytes > account.quotaBytes) return { state: 'full' }
    used.set(account.id, bytes)
    return undefined
  })
}

/** Its own Message-ID first, then what it answers, newest first. */
export function referencesOf({ messageId, inReplyTo, references }: ParsedMessage): string[] {
  const ids = [messageId, ...inReplyTo, ...references.toReversed()].filter((id) => id !== undefined)
  return [...new Set(ids.slice(0, mostReferences))].map(referenceOf)
}

function rowOf(message: NewMessage): Omit<ArrivalRow, 'id' | 'threadId' | 'modseq'> {
  const { parsed, spam, accountId, blob, trace, receivedAt, category, categoryReasons } = message
  return {
    accountId,
    blob,
    trace,
    sizeBytes: sizeOf(message),
    receivedAt: receivedAt.toISOString(),
    ...readOf(parsed),
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

/** What lists and searches show of a message: everything in it can be read again from its bytes. */
export function readOf(parsed: ParsedMessage) {
  return {
    sentAt: parsed.sentAt?.toISOString() ?? null,
    messageId: parsed.messageId?.slice(0, 998) ?? null,
    subject: parsed.envelope.subject.slice(0, 2000),
    addresses: listedAddresses(parsed.envelope),
    senderAddress: (parsed.envelope.from[0]?.address ?? '').toLowerCase().slice(0, 320),
    snippet: parsed.snippet,
    attachments: parsed.attachments.slice(0, listed.attachments) satisfies Attachment[],
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

function placesOf(
  { id, message, isMuted }: { id: string; message: NewMessage; isMuted: boolean },
  accounts: ReadonlyMap<string, AccountRow>,
  change: (accountId: string) => number,
): Place[] {
  const { mailboxes } = accounts.get(message.accountId)!
  const isAside = message.roles.some((role) => role === 'junk' || role === 'trash')
  // Of a muted conversation nothing comes into the inbox.
  const wanted = isMuted ? message.roles.filter((role) => role !== 'inbox') : message.roles
  const roles: MailboxRole[] = isAside ? [...wanted] : [...wanted, 'all']
  const mailboxIds = new Set([...roles.map((role) => mailboxes[role]), ...(message.labelIds ?? [])])
  const { accountId } = message
  return [...mailboxIds].map((mailboxId) => ({
    mailboxId,
    messageId: id,
    accountId,
    modseq: change(accountId),
  }))
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
