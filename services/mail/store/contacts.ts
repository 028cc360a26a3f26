/** Whom an account has to do with: contacts, and what became of mail to and from them. */
import { sql, type RawBuilder } from 'kysely'
import type { z } from 'zod'
import type { Contact as ContactSchema } from '#contracts/mail/settings.ts'
import type { MailAddress } from '#contracts/mail/messages.ts'
import { isoTime } from '#platform/database/iso-time.ts'
import type { Database } from '#platform/database/database.ts'
import { givenRows } from './given.ts'

export type Contact = z.output<typeof ContactSchema>

/** The account wrote to them: they are contacts from now on, with the names that were written. */
export function noteSent(tx: Database, accountId: string, recipients: readonly MailAddress[]): Promise<void> {
  return note(
    tx,
    'sent',
    recipients.map((each) => ({ accountId, ...each })),
  )
}

/** One for each message that came. */
export function noteReceived(
  tx: Database,
  received: readonly { accountId: string; name: string; address: string }[],
): Promise<void> {
  return note(tx, 'received', received)
}

/** The person read a message of each of these; the same address may stand more than once. */
export function noteRead(tx: Database, accountId: string, addresses: readonly string[]): Promise<void> {
  return note(
    tx,
    'read',
    addresses.map((address) => ({ accountId, address, name: '' })),
  )
}

async function note(
  tx: Database,
  what: 'sent' | 'received' | 'read',
  people: readonly { accountId: string; name: string; address: string }[],
): Promise<void> {
  const counted = new Map<string, { accountId: string; address: string; name: string; times: number }>()
  for (const { accountId, name, address: written } of people) {
    const address = written.toLowerCase().slice(0, 320)
    if (!address.includes('@')) continue
    const key = `${accountId} ${address}`
    const known = counted.get(key) ?? { accountId, address, name: '', times: 0 }
    counted.set(key, { ...known, name: name.trim().slice(0, 200) || known.name, times: known.times + 1 })
  }
  if (counted.size === 0) return
  const column = sql.ref(what)
  // The name that the person writes counts more than the one that people give themselves.
  const name =
    what === 'sent'
      ? sql`coalesce(nullif(excluded.name, ''), c.name)`
      : sql`case when c.name = '' and c.sent = 0 then excluded.name else c.name end`
  await sql`
    insert into correspondents as c (account_id, address, name, ${column})
    select "accountId", address, name, times
    from ${givenRows([...counted.values()], '"accountId" uuid, address text, name text, times int')}
    where exists (select from accounts where id = "accountId")
    order by "accountId", address
    on conflict (account_id, address) do update set ${column} = c.${column} + excluded.${column}, last_at = now(),
      name = case when c.is_kept and c.name <> '' then c.name else ${name} end`.execute(tx)
}

export interface ContactFilter {
  text?: string | undefined
  rule?: 'allow' | 'block' | undefined
}

export interface ContactPlace {
  /** By which it is sorted. */
  sortName: string
  address: string
}

/** By name, then address: whom the person wrote to or keeps; with `rule`, those that have it. */
export async function listContacts(
  db: Database,
  accountId: string,
  { text, rule }: ContactFilter,
  { limit, after }: { limit: number; after: ContactPlace | undefined },
): Promise<(Contact & ContactPlace)[]> {
  const pattern = text && `%${escaped(text)}%`
  const { rows } = await sql<Contact & ContactPlace>`
    select ${columns}, ${sortName} as "sortName" from correspondents c
    where account_id = ${accountId}
      and ${rule === undefined ? sql`(sent > 0 or is_kept)` : sql`rule = ${rule}`}
      and ${pattern ? sql`(name ilike ${pattern} or address ilike ${pattern})` : sql`true`}
      and ${after ? sql`(${sortName}, address) > (${after.sortName} collate "C", ${after.address} collate "C")` : sql`true`}
    order by ${sortName}, address collate "C" limit ${limit}`.execute(db)
  return rows
}

/** Whether the person wrote to the address or keeps it. */
export async function isContact(db: Database, accountId: string, address: string): Promise<boolean> {
  const { rows } = await sql`
    select from correspondents
    where account_id = ${accountId} and address = ${address} and (sent > 0 or is_kept)`.execute(db)
  return rows.length > 0
}

/** What is left out stays as it was. */
export async function saveContact(
  tx: Database,
  accountId: string,
  contact: {
    address: string
    name?: string | undefined
    rule?: 'allow' | 'block' | null | undefined
    category?: string | null | undefined
  },
): Promise<Contact> {
  const { address, name, rule, category } = contact
  const { rows } = await sql<Contact>`
    insert into correspondents as c (account_id, address, name, rule, category, is_kept)
    values (${accountId}, ${address}, ${name ?? ''}, ${rule ?? null}, ${category ?? null}, ${name !== undefined})
    on conflict (account_id, address) do update set
      name = case when ${name !== undefined} then excluded.name else c.name end,
      is_kept = c.is_kept or excluded.is_kept,
      rule = case when ${rule !== undefined} then excluded.rule else c.rule end,
      category = case when ${category !== undefined} then excluded.category else c.category end
    returning ${columns}`.execute(tx)
  return rows[0]!
}

/** With all that was counted of the sender's mail. */
export async function deleteContact(tx: Database, accountId: string, address: string): Promise<void> {
  await sql`delete from correspondents where account_id = ${accountId} and address = ${address}`.execute(tx)
}

/** People, groups and aliases of this house, and contacts; those the person writes to most, first. */
export async function completeAddress(
  db: Database,
  accountId: string,
  text: string,
  limit: number,
): Promise<MailAddress[]> {
  const begins = `${escaped(text)}%`
  const within = `% ${begins}`
  const fits = (name: RawBuilder<unknown>, address: RawBuilder<unknown>) =>
    sql`(${address} ilike ${begins} or ${name} ilike ${begins} or ${name} ilike ${within})`
  const { rows } = await sql<MailAddress>`
    select name, address from (
      select distinct on (address) name, address, weight from (
        select name, address, 10 * sent + received + read + (case when is_kept then 20 else 0 end) as weight, 0 as rank
        from correspondents
        where account_id = ${accountId} and (sent > 0 or is_kept) and rule is distinct from 'block'
          and ${fits(sql.ref('name'), sql.ref('address'))}
        union all
        select name, address, 1, 1 from accounts where ${fits(sql.ref('name'), sql.ref('address'))}
        union all
        select name, address, 1, 2 from addresses
        where kind <> 'account' and ${fits(sql.ref('name'), sql.ref('address'))}
      ) known order by address, rank
    ) each_once
    order by weight desc, name, address limit ${limit}`.execute(db)
  return rows
}

const sortName = sql`lower(coalesce(nullif(name, ''), address)) collate "C"`

const columns = sql`c.address, c.name, c.received, c.sent, c.rule, c.category, ${isoTime('c.last_at')} as "lastAt"`

/** For a pattern of `like`. */
function escaped(text: string): string {
  return text.replaceAll(/[%_\\]/g, String.raw`\$&`)
}
