import { sql } from 'kysely'
import type { Mailbox, MailboxCounts } from '#contracts/mail/mailboxes.ts'
import type { Database } from '#platform/database/database.ts'

export async function listMailboxes(db: Database, accountId: string): Promise<Mailbox[]> {
  const { rows } = await sql<Mailbox>`
    select ${columns} from mailboxes where account_id = ${accountId}
    order by role is null, array_position(${roleOrder}, role), lower(name)`.execute(db)
  return rows
}

export async function findMailbox(db: Database, accountId: string, id: string): Promise<Mailbox | undefined> {
  const { rows } = await sql<Mailbox>`
    select ${columns} from mailboxes where account_id = ${accountId} and id = ${id}`.execute(db)
  return rows[0]
}

/** Undefined: there is one of this name already. */
export async function insertLabel(
  tx: Database,
  label: { id: string; accountId: string; parentId: string | null; name: string; color: string | null },
): Promise<Mailbox | undefined> {
  const { rows } = await sql<Mailbox>`
    insert into mailboxes (id, account_id, parent_id, name, color, uid_validity)
    values (${label.id}, ${label.accountId}, ${label.parentId}, ${label.name}, ${label.color},
      extract(epoch from now())::bigint)
    on conflict do nothing returning ${columns}`.execute(tx)
  return rows[0]
}

export async function countLabels(db: Database, accountId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from mailboxes where account_id = ${accountId} and role is null`.execute(db)
  return rows[0]!.count
}

/** Undefined: the new name is taken. */
export async function updateLabel(
  tx: Database,
  label: { id: string; parentId: string | null; name: string; color: string | null },
): Promise<Mailbox | undefined> {
  const { rows } = await sql<Mailbox>`
    update mailboxes set parent_id = ${label.parentId}, name = ${label.name}, color = ${label.color}
    where id = ${label.id} and not exists (
      select from mailboxes other where other.account_id = mailboxes.account_id and other.id <> mailboxes.id
        and other.parent_id is not distinct from ${label.parentId}::uuid and other.name = ${label.name}
    )
    returning ${columns}`.execute(tx)
  return rows[0]
}

/** Whether `below` is `id` itself or stands somewhere below it. */
export async function isWithin(db: Database, id: string, below: string): Promise<boolean> {
  const { rows } = await sql`
    with recursive up as (
      select id, parent_id from mailboxes where id = ${below}
      union select m.id, m.parent_id from mailboxes m join up on m.id = up.parent_id
    )
    select from up where id = ${id}`.execute(db)
  return rows.length > 0
}

/** With those below it; what they label stays where else it is. */
export async function deleteLabel(tx: Database, id: string, modseq: number): Promise<void> {
  await sql`
    with recursive down as (
      select id from mailboxes where id = ${id}
      union select m.id from mailboxes m join down on m.parent_id = down.id
    )
    update mailbox_messages set modseq = ${modseq} where message_id in (
      select message_id from mailbox_messages where mailbox_id in (select id from down)
    )`.execute(tx)
  await sql`delete from mailboxes where id = ${id}`.execute(tx)
}

/** Unread conversations of the inbox, counted up to 1,000 for each category. */
export async function unreadByCategory(
  db: Database,
  inboxId: string,
): Promise<{ category: string; unreadThreads: number }[]> {
  const { rows } = await sql<{ category: string; unreadThreads: number }>`
    select category, (
      select count(*) from (
        select from mailbox_threads t
        where t.mailbox_id = ${inboxId} and t.category = named.category and unread > 0 limit 1000
      ) counted
    )::int as "unreadThreads"
    from unnest(array['primary', 'social', 'promotions', 'updates', 'forums']) named (category)`.execute(db)
  return rows
}

/** Of mailboxes in which something changed after a mod-sequence. */
export async function countsAfter(db: Database, accountId: string, modseq: number): Promise<MailboxCounts[]> {
  const { rows } = await sql<MailboxCounts>`
    select id, messages, unread, threads, unread_threads as "unreadThreads" from mailboxes
    where account_id = ${accountId} and highest_modseq > ${modseq}`.execute(db)
  return rows
}

const roleOrder = ['inbox', 'snoozed', 'sent', 'scheduled', 'drafts', 'all', 'junk', 'trash']

const columns = sql`
  id, role, name, parent_id as "parentId", color, messages, unread, threads, unread_threads as "unreadThreads"`
