/** Moves and marks messages of one account. */
import { sql } from 'kysely'
import type { Category } from '#contracts/mail/messages.ts'
import type { Database } from '#platform/database/database.ts'
import { placeMessages } from './arrival-rows.ts'
import type { AccountRow } from './accounts.ts'
import { givenRows } from './given.ts'
import { settleThreads } from './threads.ts'

/** How a message is, as far as people and programs change it. */
export interface MessageState {
  id: string
  threadId: string
  mailboxIds: string[]
  isSeen: boolean
  isFlagged: boolean
  isAnswered: boolean
  isForwarded: boolean
  category: Category
}

/** What else a move depends on. */
export interface KnownState extends MessageState {
  isOwn: boolean
  senderAddress: string
}

/** Of an account, in no order. What is not its own is left out. */
export async function statesOf(
  tx: Database,
  accountId: string,
  chosen: { messageIds?: readonly string[]; threadIds?: readonly string[] },
): Promise<KnownState[]> {
  const { messageIds = [], threadIds = [] } = chosen
  const { rows } = await sql<KnownState>`
    select m.id, m.thread_id as "threadId", m.is_seen as "isSeen", m.is_flagged as "isFlagged",
      m.is_answered as "isAnswered", m.is_forwarded as "isForwarded", m.category, m.is_own as "isOwn",
      m.sender_address as "senderAddress",
      coalesce((select array_agg(mailbox_id) from mailbox_messages where message_id = m.id), '{}') as "mailboxIds"
    from messages m
    where m.account_id = ${accountId}
      and (m.id = any (${[...messageIds]}::uuid[]) or m.thread_id = any (${[...threadIds]}::uuid[]))`.execute(
    tx,
  )
  return rows
}

/**
 * Makes messages be as stated; `account` comes from `beginChange` of this transaction. Gives those that were otherwise,
 * as they were.
 */
export async function applyStates(
  tx: Database,
  account: AccountRow,
  before: readonly MessageState[],
  wanted: ReadonlyMap<string, MessageState>,
): Promise<MessageState[]> {
  const changed = before.filter((state) => !isSame(state, wanted.get(state.id) ?? state))
  if (changed.length === 0) return []
  const after = changed.map(({ id }) => wanted.get(id)!)
  await updateMarks(tx, account, after)
  await moveOut(tx, account, changed, wanted)
  const placedBefore = new Map(changed.map((state) => [state.id, new Set(state.mailboxIds)]))
  const places = after.flatMap(({ id, mailboxIds }) =>
    mailboxIds
      .filter((mailboxId) => !placedBefore.get(id)!.has(mailboxId))
      .map((mailboxId) => ({ mailboxId, messageId: id, accountId: account.id, modseq: account.modseq })),
  )
  await placeMessages(tx, places)
  await settleThreads(
    tx,
    changed.map(({ threadId }) => threadId),
    [{ accountId: account.id, modseq: account.modseq }],
  )
  return changed
}

async function updateMarks(tx: Database, account: AccountRow, after: readonly MessageState[]): Promise<void> {
  await sql`
    update messages m set is_seen = "isSeen", is_flagged = "isFlagged", is_answered = "isAnswered",
      is_forwarded = "isForwarded", category = given.category, modseq = ${account.modseq}
    from ${givenRows(
      after,
      'id uuid, "isSeen" boolean, "isFlagged" boolean, "isAnswered" boolean, "isForwarded" boolean, category text',
    )}
    where m.id = given.id and m.account_id = ${account.id}`.execute(tx)
  await sql`
    update mailbox_messages set modseq = ${account.modseq}
    where message_id = any (${after.map(({ id }) => id)}::uuid[])`.execute(tx)
}

async function moveOut(
  tx: Database,
  account: AccountRow,
  before: readonly MessageState[],
  wanted: ReadonlyMap<string, MessageState>,
): Promise<void> {
  const removed = before.flatMap(({ id, threadId, mailboxIds }) => {
    const stays = new Set(wanted.get(id)!.mailboxIds)
    return mailboxIds
      .filter((mailboxId) => !stays.has(mailboxId))
      .map((mailboxId) => ({ mailboxId, messageId: id, threadId }))
  })
  if (removed.length === 0) return
  await sql`
    with removed as (
      delete from mailbox_messages mm
      using ${givenRows(removed, '"mailboxId" uuid, "messageId" uuid, "threadId" uuid')}
      where mm.mailbox_id = "mailboxId" and mm.message_id = "messageId"
      returning mm.mailbox_id, mm.uid, "threadId"
    )
    insert into vanished (mailbox_id, uid, account_id, thread_id, modseq)
    select mailbox_id, uid, ${account.id}, "threadId", ${account.modseq} from removed`.execute(tx)
}

/** For ever. Gives what was freed, in bytes. */
export async function deleteMessages(
  tx: Database,
  account: AccountRow,
  messageIds: readonly string[],
): Promise<number> {
  if (messageIds.length === 0) return 0
  await sql`
    insert into vanished (mailbox_id, uid, account_id, thread_id, modseq)
    select mm.mailbox_id, mm.uid, mm.account_id, m.thread_id, ${account.modseq}
    from mailbox_messages mm join messages m on m.id = mm.message_id
    where mm.message_id = any (${[...messageIds]}::uuid[]) and mm.account_id = ${account.id}`.execute(tx)
  const { rows } = await sql<{ threadId: string; bytes: number }>`
    with removed as (
      delete from messages where id = any (${[...messageIds]}::uuid[]) and account_id = ${account.id}
      returning thread_id, size_bytes, blob
    ), loose as (
      insert into loose_blobs (blob) select distinct blob from removed on conflict (blob) do update set since = now()
    )
    select thread_id as "threadId", sum(size_bytes)::float8 as bytes from removed group by 1`.execute(tx)
  const threadIds = rows.map(({ threadId }) => threadId)
  await settleThreads(tx, threadIds, [{ accountId: account.id, modseq: account.modseq }])
  await sql`
    delete from threads t where id = any (${threadIds}::uuid[])
      and not exists (select from messages m where m.thread_id = t.id)`.execute(tx)
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0)
  await sql`update accounts set used_bytes = greatest(0, used_bytes - ${bytes}) where id = ${account.id}`.execute(
    tx,
  )
  return bytes
}

function isSame(a: MessageState, b: MessageState): boolean {
  return (
    a.isSeen === b.isSeen &&
    a.isFlagged === b.isFlagged &&
    a.isAnswered === b.isAnswered &&
    a.isForwarded === b.isForwarded &&
    a.category === b.category &&
    a.mailboxIds.length === b.mailboxIds.length &&
    a.mailboxIds.every((id) => b.mailboxIds.includes(id))
  )
}

export async function idsOfMailbox(db: Database, mailboxId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select message_id as id from mailbox_messages where mailbox_id = ${mailboxId}`.execute(db)
  return rows.map(({ id }) => id)
}

/** Of mailboxes of a role, what came into them longer ago than this, for each account; so many at most. */
export async function idsAddedBefore(
  db: Database,
  role: 'junk' | 'trash',
  days: number,
): Promise<{ accountId: string; messageIds: string[] }[]> {
  const { rows } = await sql<{ accountId: string; messageIds: string[] }>`
    select account_id as "accountId", array_agg(message_id) as "messageIds" from (
      select mm.account_id, mm.message_id from mailbox_messages mm join mailboxes b on b.id = mm.mailbox_id
      where b.role = ${role} and mm.added_at < now() - make_interval(days => ${days}) limit 5000
    ) past group by 1`.execute(db)
  return rows
}

/** The messages that were answered or forwarded show it, by the mod-sequence of the change at hand. */
export async function markAnswered(
  tx: Database,
  modseq: number,
  { answered, forwarded }: { answered: string | undefined; forwarded: string | undefined },
): Promise<void> {
  const ids = [answered, forwarded].filter((id) => id !== undefined)
  if (ids.length === 0) return
  await sql`
    update messages set modseq = ${modseq}, is_answered = is_answered or id is not distinct from ${answered ?? null}::uuid,
      is_forwarded = is_forwarded or id is not distinct from ${forwarded ?? null}::uuid
    where id = any (${ids}::uuid[])`.execute(tx)
  await sql`update mailbox_messages set modseq = ${modseq} where message_id = any (${ids}::uuid[])`.execute(
    tx,
  )
}
