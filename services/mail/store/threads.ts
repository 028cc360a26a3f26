import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import { givenRows } from './given.ts'

/** Message-IDs are long and of strangers: their hash stands for them. */
export function referenceOf(messageId: string): string {
  const hex = createHash('sha256').update(messageId).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

export interface KnownThread {
  id: string
  accountId: string
  reference: string
  baseSubject: string
  messages: number
  isMuted: boolean
}

export interface NewThread {
  id: string
  accountId: string
  baseSubject: string
}

/** What spoke of two conversations is one: the messages of `from` are those of `into` now. */
export async function mergeThreads(tx: Database, from: string, into: string, modseq: number): Promise<void> {
  await sql`
    update mailbox_messages set modseq = ${modseq}
    where message_id in (select id from messages where thread_id = ${from})`.execute(tx)
  await sql`update messages set thread_id = ${into}, modseq = ${modseq} where thread_id = ${from}`.execute(tx)
  await sql`
    insert into thread_references (account_id, reference, thread_id)
    select account_id, reference, ${into} from thread_references where thread_id = ${from}
    on conflict do nothing`.execute(tx)
  await sql`delete from thread_references where thread_id = ${from}`.execute(tx)
  await sql`update threads set merged_into = ${into}, messages = 0 where id = ${from}`.execute(tx)
}

/**
 * Reckons anew what lists show of these threads, and the counts of every mailbox they are or were in. Whoever changed
 * messages calls it last, in the same transaction.
 */
export async function settleThreads(
  tx: Database,
  threadIds: readonly string[],
  changes: readonly { accountId: string; modseq: number }[],
): Promise<void> {
  const ids = [...new Set(threadIds)]
  await sql`
    with fresh as (
      select mm.mailbox_id, m.thread_id, max(m.received_at) as last_at, count(*)::int as messages,
        (count(*) filter (where not m.is_seen))::int as unread,
        (array_agg(m.category order by m.received_at desc))[1] as category
      from messages m join mailbox_messages mm on mm.message_id = m.id
      where m.thread_id = any (${ids}) group by 1, 2
    ), old as (
      select * from mailbox_threads where thread_id = any (${ids})
    ), gone as (
      delete from mailbox_threads t using old
      where t.thread_id = old.thread_id and t.mailbox_id = old.mailbox_id
        and not exists (select from fresh f where f.thread_id = old.thread_id and f.mailbox_id = old.mailbox_id)
    ), put as (
      insert into mailbox_threads (mailbox_id, thread_id, last_at, category, messages, unread)
      select mailbox_id, thread_id, last_at, category, messages, unread from fresh
      on conflict (thread_id, mailbox_id) do update set last_at = excluded.last_at, category = excluded.category,
        messages = excluded.messages, unread = excluded.unread
    ), delta as (
      select mailbox_id, sum(messages) as messages, sum(unread) as unread, sum(threads) as threads,
        sum(unread_threads) as unread_threads
      from (
        select mailbox_id, messages, unread, 1 as threads, (unread > 0)::int as unread_threads from fresh
        union all
        select mailbox_id, -messages, -unread, -1, -(unread > 0)::int from old
      ) counted group by 1
    ), counted as (
      update threads t set messages = (select count(*) from messages m where m.thread_id = t.id)
      where id = any (${ids})
    ), change as (
      select "accountId" as account_id, modseq
      from ${givenRows(changes, '"accountId" uuid, modseq bigint')}
    ), touched as (
      select mailbox_id, modseq from mailbox_messages join change using (account_id, modseq)
      union select mailbox_id, modseq from vanished join change using (account_id, modseq)
    )
    update mailboxes b set messages = b.messages + coalesce(d.messages, 0), unread = b.unread + coalesce(d.unread, 0),
      threads = b.threads + coalesce(d.threads, 0), unread_threads = b.unread_threads + coalesce(d.unread_threads, 0),
      highest_modseq = greatest(b.highest_modseq, coalesce(touched.modseq, 0))
    from (select mailbox_id from delta union select mailbox_id from touched) named
    left join delta d using (mailbox_id) left join touched using (mailbox_id)
    where b.id = named.mailbox_id`.execute(tx)
}
