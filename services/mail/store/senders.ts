/** What an account has made of earlier mail of a sender, for the filter and the categories. */
import { sql } from 'kysely'
import type { Category } from '#contracts/mail/messages.ts'
import type { Database } from '#platform/database/database.ts'

export interface KnownSender {
  accountId: string
  received: number
  read: number
  sent: number
  markedSpam: number
  markedHam: number
  category: Category | null
  rule: 'allow' | 'block' | null
  /** Among the person's contacts. */
  isKept: boolean
}

/** Of one sender, for each account that knows it, or has a rule or category for its domain: `@domain`. */
export async function knownSender(
  db: Database,
  accountIds: readonly string[],
  address: string,
): Promise<KnownSender[]> {
  const ofDomain = address.slice(Math.max(0, address.lastIndexOf('@')))
  const { rows } = await sql<KnownSender>`
    select account_id as "accountId", max(received) as received, max(read) as read, max(sent) as sent,
      max(marked_spam) as "markedSpam", max(marked_ham) as "markedHam", bool_or(is_kept) as "isKept",
      (array_agg(category order by address = ${ofDomain}) filter (where category is not null))[1] as category,
      (array_agg(rule order by address = ${ofDomain}) filter (where rule is not null))[1] as rule
    from correspondents
    where account_id = any (${[...accountIds]}::uuid[]) and address in (${address}, ${ofDomain})
    group by account_id`.execute(db)
  return rows
}

/** What a person says of a sender's mail, or takes back of it: `step` is 1 or -1. */
export async function noteMarked(
  tx: Database,
  accountId: string,
  address: string,
  label: 'ham' | 'spam',
  step: 1 | -1,
): Promise<void> {
  if (address === '') return
  const column = sql.ref(label === 'spam' ? 'marked_spam' : 'marked_ham')
  await sql`
    insert into correspondents as c (account_id, address, ${column}) values (${accountId}, ${address}, ${Math.max(0, step)})
    on conflict (account_id, address) do update set ${column} = greatest(0, c.${column} + ${step})`.execute(
    tx,
  )
}

/** From now on this sender's mail is of this category. Gives what was remembered before. */
export async function rememberCategory(
  tx: Database,
  accountId: string,
  address: string,
  category: Category | null,
): Promise<Category | null> {
  const { rows } = await sql<{ category: Category | null }>`
    with before as (
      select category from correspondents where account_id = ${accountId} and address = ${address}
    ), put as (
      insert into correspondents (account_id, address, category) values (${accountId}, ${address}, ${category})
      on conflict (account_id, address) do update set category = excluded.category
    )
    select category from before`.execute(tx)
  return rows[0]?.category ?? null
}
