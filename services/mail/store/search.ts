/** Finds messages of an account: by the index of words where it tells few, else from the newest on. */
import { sql, type RawBuilder } from 'kysely'
import type { Mailbox } from '#contracts/mail/mailboxes.ts'
import type { MailAddress } from '#contracts/mail/messages.ts'
import type { Database } from '#platform/database/database.ts'
import { isoTime } from '#platform/database/iso-time.ts'
import { baseSubject } from '../arrival/base-subject.ts'
import type { SearchNode } from '../search/ast.ts'
import { accountWord } from '../search/words.ts'
import { listMailboxes } from './mailboxes.ts'
import {
  conditionOf,
  conjunctsOf,
  hasPhrase,
  isAnchored,
  looseQueryOf,
  mailboxIdsOf,
  needsWords,
  tsqueryOf,
} from './search-conditions.ts'

export interface SearchedAccount {
  id: string
  /** Small, as the index has it. */
  number: number
  mailboxes: readonly Pick<Mailbox, 'id' | 'role' | 'name' | 'parentId' | 'messages'>[]
}

/** The newest message of a conversation that fits. */
export interface Found {
  threadId: string
  messageId: string
  /** With microseconds. */
  receivedAt: string
}

type Place = Pick<Found, 'messageId' | 'receivedAt'>

/** Where another way to search is quicker. */
export interface Thresholds {
  /** More are not sorted: fitting ones are then close to one another among the newest. */
  candidates: number
  /** Of more, it is not looked up whether words stand as in a phrase, unless nothing else helps. */
  phraseChecks: number
  /** So many are looked at first instead. */
  newest: number
}

const usual: Thresholds = { candidates: 2_000, phraseChecks: 10_000, newest: 5_000 }

/** Of each conversation that has a fitting message, the newest such first. */
export function findThreads(
  db: Database,
  account: SearchedAccount,
  node: SearchNode,
  { limit, after }: { limit: number; after?: Place | undefined },
  thresholds = usual,
): Promise<Found[]> {
  return find(db, { account, node, limit, after, isByThread: true, thresholds })
}

/** Messages that fit, the newest first. */
export function findMessages(
  db: Database,
  account: SearchedAccount,
  node: SearchNode,
  limit: number,
  thresholds = usual,
): Promise<Found[]> {
  return find(db, { account, node, limit, after: undefined, isByThread: false, thresholds })
}

/** How many messages fit; `most` where they are more. */
export async function countMessages(
  db: Database,
  account: SearchedAccount,
  node: SearchNode,
  most: number,
): Promise<number> {
  const candidates = candidatesOf(account, node, usual)
  const rest = candidates?.rest ?? node
  const among = candidates ? sql`and m.id in (${candidates.query})` : sql``
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from (
      select from messages m ${wordsFor(rest, 'm')}
      where m.account_id = ${account.id} ${among} and ${conditionOf(rest, account, 'm')} limit ${most}
    ) fits`.execute(db)
  return rows[0]!.count
}

/** Ids of messages that fit, the newest first. */
export async function findMatching(
  db: Database,
  account: { id: string; number: number },
  search: SearchNode,
  limit: number,
): Promise<string[]> {
  const found = await findMessages(db, await searchedAccount(db, account), search, limit)
  return found.map(({ messageId }) => messageId)
}

/** Of the latest messages that fit, each subject once. */
export async function recentSubjects(
  db: Database,
  account: SearchedAccount,
  search: SearchNode,
  limit: number,
): Promise<string[]> {
  const found = await findMessages(db, account, search, 10 * limit)
  const { rows } = await sql<{ subject: string }>`
    select subject from messages
    where id = any (${found.map(({ messageId }) => messageId)}::uuid[]) and subject <> ''
    group by subject order by max(received_at) desc`.execute(db)
  const subjects = new Map<string, string>()
  for (const { subject } of rows)
    if (!subjects.has(baseSubject(subject))) subjects.set(baseSubject(subject), subject)
  return [...subjects.values()].slice(0, limit)
}

export interface Example {
  threadId: string
  from: MailAddress
  subject: string
  receivedAt: string
}

/** In the order in which they were found. */
export async function examplesOf(db: Database, found: readonly Found[]): Promise<Example[]> {
  const ids = found.map(({ messageId }) => messageId)
  const { rows } = await sql<Example>`
    select thread_id as "threadId", coalesce(addresses->'from'->0, '{"name":"","address":""}') as "from", subject,
      ${isoTime('received_at')} as "receivedAt"
    from messages where id = any (${ids}::uuid[]) order by array_position(${ids}::uuid[], id)`.execute(db)
  return rows
}

export async function searchedAccount(
  db: Database,
  { id, number }: { id: string; number: number },
): Promise<SearchedAccount> {
  return { id, number, mailboxes: await listMailboxes(db, id) }
}

interface Search {
  account: SearchedAccount
  node: SearchNode
  limit: number
  after: Place | undefined
  /** Of each conversation the newest message that fits. */
  isByThread: boolean
  thresholds: Thresholds
}

async function find(db: Database, search: Search): Promise<Found[]> {
  const { account, node, thresholds } = search
  const candidates = candidatesOf(account, node, thresholds)
  if (candidates?.looseQuery && (await isMore(db, candidates.looseQuery, thresholds.phraseChecks))) {
    const newest = await amongNewest(db, search, thresholds.newest)
    if (newest.length >= search.limit) return newest
  }
  return (candidates && (await amongCandidates(db, search, candidates))) ?? amongNewest(db, search)
}

const place = sql`thread_id as "threadId", id as "messageId",
  to_char(received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "receivedAt"`

interface Candidates {
  /** Of ids of messages. */
  query: RawBuilder<unknown>
  /** Gives more, and quickly; where the query has phrases. */
  looseQuery: RawBuilder<unknown> | undefined
  /** What is not yet true of them. */
  rest: SearchNode
}

/** What gives all fitting messages and not many others; undefined where only looking at each does. */
function candidatesOf(
  account: SearchedAccount,
  node: SearchNode,
  thresholds: Thresholds,
): Candidates | undefined {
  const conjuncts = conjunctsOf(node)
  const ofWords: SearchNode = {
    kind: 'and',
    nodes: conjuncts.filter((each) => tsqueryOf(each) !== undefined),
  }
  if (isAnchored(ofWords)) {
    const indexed = (tsquery: string | undefined) => sql`
      select message_id from message_words
      where words @@ ${`'${accountWord(account.number)}' & ${tsquery}`}::tsquery`
    return {
      query: indexed(tsqueryOf(ofWords)),
      looseQuery: hasPhrase(ofWords) ? indexed(looseQueryOf(ofWords)) : undefined,
      rest: { kind: 'and', nodes: conjuncts.filter((each) => !ofWords.nodes.includes(each)) },
    }
  }
  for (const conjunct of conjuncts) {
    const ids = mailboxIdsOf(conjunct, account)
    if (!ids || messagesIn(account, ids) > thresholds.candidates) continue
    return {
      query: sql`select distinct message_id from mailbox_messages where mailbox_id = any (${ids}::uuid[])`,
      looseQuery: undefined,
      rest: { kind: 'and', nodes: conjuncts.filter((each) => each !== conjunct) },
    }
  }
  return undefined
}

function messagesIn(account: SearchedAccount, mailboxIds: readonly string[]): number {
  const named = account.mailboxes.filter(({ id }) => mailboxIds.includes(id))
  return named.reduce((sum, { messages }) => sum + messages, 0)
}

async function isMore(db: Database, query: RawBuilder<unknown>, most: number): Promise<boolean> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from (${query} limit ${most + 1}) found`.execute(db)
  return rows[0]!.count > most
}

/** Undefined where there are too many candidates. */
async function amongCandidates(
  db: Database,
  { account, limit, after, isByThread, thresholds }: Search,
  { query, rest }: Candidates,
): Promise<Found[] | undefined> {
  const one = isByThread ? sql`distinct on (m.thread_id)` : sql``
  const { rows } = await sql<{ count: number; found: Found[] }>`
    with candidates as materialized (${query} limit ${thresholds.candidates + 1}), fits as (
      select ${one} m.thread_id, m.id, m.received_at
      from candidates join messages m on m.id = candidates.message_id ${wordsFor(rest, 'm')}
      where (select count(*) from candidates) <= ${thresholds.candidates} and m.account_id = ${account.id}
        and ${conditionOf(rest, account, 'm')}
      order by m.thread_id, m.received_at desc, m.id desc
    ), page as (
      select ${place} from fits where ${isBehind(after)} order by received_at desc, id desc limit ${limit}
    )
    select (select count(*)::int from candidates) as count,
      coalesce((select jsonb_agg(page) from page), '[]') as found`.execute(db)
  const { count, found } = rows[0]!
  return count > thresholds.candidates ? undefined : found
}

/** Looks at one message after the other, at most so many. */
async function amongNewest(
  db: Database,
  { account, node, limit, after, isByThread }: Search,
  most?: number,
): Promise<Found[]> {
  const isNewestOfThread = sql`not exists (
    select from messages n ${wordsFor(node, 'n')}
    where n.thread_id = m.thread_id and (n.received_at, n.id) > (m.received_at, m.id)
      and ${conditionOf(node, account, 'n')}
  )`
  const bound = sql`m.received_at >= coalesce((
    select received_at from messages where account_id = ${account.id} and ${isBehind(after)}
    order by received_at desc offset ${most ?? 0} limit 1
  ), '-infinity')`
  const { rows } = await sql<Found>`
    select ${place} from messages m ${wordsFor(node, 'm')}
    where m.account_id = ${account.id} and ${isBehind(after)} and ${most === undefined ? sql`true` : bound}
      and ${conditionOf(node, account, 'm')} and ${isByThread ? isNewestOfThread : sql`true`}
    order by m.received_at desc, m.id desc limit ${limit}`.execute(db)
  return rows
}

function isBehind(after: Place | undefined): RawBuilder<unknown> {
  return after
    ? sql`(received_at, id) < (${after.receivedAt}::timestamptz, ${after.messageId}::uuid)`
    : sql`true`
}

/** The words of each message by its id: read one by one, as no other order of the search is quicker. */
function wordsFor(node: SearchNode, table: 'm' | 'n'): RawBuilder<unknown> {
  if (!needsWords(node)) return sql``
  return sql`left join lateral (
    select words from message_words where message_id = ${sql.ref(`${table}.id`)} offset 0
  ) ${sql.ref(`${table}_words`)} on true`
}
