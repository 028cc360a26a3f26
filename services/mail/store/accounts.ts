import { sql } from 'kysely'
import { v7 } from 'uuid'
import type { MailboxRole } from '#contracts/mail/mailboxes.ts'
import type { Database } from '#platform/database/database.ts'
import { givenRows } from './given.ts'

export type RoleMailboxes = Record<MailboxRole, string>

export interface AccountRow {
  id: string
  /** Small: the word `account:<number>` marks its messages in the index. */
  number: number
  address: string
  name: string
  language: 'en' | 'bn'
  quotaBytes: number
  usedBytes: number
  modseq: number
  mailboxes: RoleMailboxes
}

export interface NewAccount {
  id: string
  /** `local@domain` in lower case. */
  address: string
  name: string
  language: 'en' | 'bn'
  quotaBytes: number
}

/** Names in the order in which people see them; the web app has words of its own for each role. */
const roleNames: Record<MailboxRole, string> = {
  inbox: 'INBOX',
  snoozed: 'Snoozed',
  sent: 'Sent',
  scheduled: 'Scheduled',
  drafts: 'Drafts',
  all: 'All Mail',
  junk: 'Junk',
  trash: 'Trash',
}

/** With its address and mailboxes. One that is there gets the name and language given. */
export async function insertAccounts(tx: Database, accounts: readonly NewAccount[]): Promise<void> {
  await sql`
    insert into accounts (id, address, name, language, quota_bytes)
    select id, address, name, language, "quotaBytes"
    from ${givenRows(accounts, 'id uuid, address text, name text, language text, "quotaBytes" bigint')}
    on conflict (id) do update set name = excluded.name, language = excluded.language`.execute(tx)
  const ids = accounts.map(({ id }) => id)
  await sql`
    insert into addresses (address, domain, kind)
    select address, split_part(address, '@', 2), 'account' from accounts where id = any (${ids})
    on conflict (address) do nothing`.execute(tx)
  await sql`
    insert into address_members (address, account_id)
    select address, id from accounts where id = any (${ids}) on conflict do nothing`.execute(tx)
  const mailboxes = ids.flatMap((accountId) =>
    Object.entries(roleNames).map(([role, name]) => ({ id: v7(), accountId, role, name })),
  )
  await sql`
    insert into mailboxes (id, account_id, role, name, uid_validity)
    select id, "accountId", role, name, extract(epoch from now())::bigint
    from ${givenRows(mailboxes, 'id uuid, "accountId" uuid, role text, name text')}
    on conflict do nothing`.execute(tx)
}

/** In one order, so that no two wait for each other. Those without a mailbox are left out. */
export async function lockAccounts(tx: Database, ids: readonly string[]): Promise<Map<string, AccountRow>> {
  const { rows } = await sql<AccountRow>`
    select ${columns} from accounts a where id = any (${[...ids]}) order by id for update`.execute(tx)
  return new Map(rows.map((row) => [row.id, row]))
}

/** Everything that changes in one transaction has the mod-sequence that this gives. */
export async function beginChange(tx: Database, accountId: string): Promise<AccountRow | undefined> {
  const { rows } = await sql<AccountRow>`
    update accounts a set modseq = modseq + 1 where id = ${accountId} returning ${columns}`.execute(tx)
  return rows[0]
}

export async function findAccount(db: Database, id: string): Promise<AccountRow | undefined> {
  const { rows } = await sql<AccountRow>`select ${columns} from accounts a where id = ${id}`.execute(db)
  return rows[0]
}

export async function deleteAccount(tx: Database, id: string): Promise<void> {
  await sql`
    insert into loose_blobs (blob) select distinct blob from messages where account_id = ${id}
    on conflict (blob) do update set since = now()`.execute(tx)
  await sql`delete from messages where account_id = ${id}`.execute(tx)
  await sql`delete from addresses where address = (select address from accounts where id = ${id})`.execute(tx)
  await sql`delete from accounts where id = ${id}`.execute(tx)
}

const columns = sql`
  a.id, a.number, a.address, a.name, a.language, a.quota_bytes::float8 as "quotaBytes",
  a.used_bytes::float8 as "usedBytes", a.modseq::float8 as modseq,
  (select jsonb_object_agg(role, m.id) from mailboxes m where m.account_id = a.id and role is not null) as mailboxes`

/** Whether each of them has used up its quota. */
export async function isFull(db: Database, ids: readonly string[]): Promise<boolean> {
  const { rows } = await sql<{ isFull: boolean }>`
    select bool_and(used_bytes >= quota_bytes) as "isFull" from accounts where id = any (${[...ids]}::uuid[])`.execute(
    db,
  )
  return rows[0]?.isFull ?? false
}

export async function accountNumbers(db: Database, ids: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await sql<{ id: string; number: number }>`
    select id, number from accounts where id = any (${[...ids]}::uuid[])`.execute(db)
  return new Map(rows.map(({ id, number }) => [id, number]))
}
