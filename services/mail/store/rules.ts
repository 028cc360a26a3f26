/** What people have set for mail that comes in: filters, forwarding, vacation. */
import { sql, type RawBuilder } from 'kysely'
import type { Filter, FilterActions, Vacation } from '#contracts/mail/settings.ts'
import type { Database } from '#platform/database/database.ts'

/** In the order in which they were made. */
export async function listFilters(db: Database, accountId: string): Promise<Filter[]> {
  const { rows } = await sql<Filter>`
    select ${columns} from filters where account_id = ${accountId} order by created_at, id`.execute(db)
  return rows
}

export async function findFilter(db: Database, accountId: string, id: string): Promise<Filter | undefined> {
  const { rows } = await sql<Filter>`
    select ${columns} from filters where account_id = ${accountId} and id = ${id}`.execute(db)
  return rows[0]
}

/** False: somebody else has one of this id, or there are too many. */
export async function saveFilter(
  tx: Database,
  accountId: string,
  { id, query, actions, isOn }: Filter,
  most: number,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into filters (id, account_id, query, actions, is_on)
    select ${id}, ${accountId}, ${query}, ${JSON.stringify(actions)}::jsonb, ${isOn}
    where (select count(*) from filters where account_id = ${accountId} and id <> ${id}) < ${most}
    on conflict (id) do update set query = excluded.query, actions = excluded.actions, is_on = excluded.is_on
    where filters.account_id = excluded.account_id`.execute(tx)
  return numAffectedRows === 1n
}

export async function deleteFilter(tx: Database, accountId: string, id: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    delete from filters where account_id = ${accountId} and id = ${id}`.execute(tx)
  return numAffectedRows === 1n
}

/** Those of them that are labels of the account. */
export async function knownLabels(
  db: Database,
  accountId: string,
  ids: readonly string[],
): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from mailboxes
    where account_id = ${accountId} and role is null and id = any (${[...ids]}::uuid[])`.execute(db)
  return new Set(rows.map(({ id }) => id))
}

/** What has to be known of an account to act on its mail. */
export interface StoredRules {
  filters: { query: string; actions: FilterActions }[]
  labelIds: string[]
  /** Confirmed ones. */
  forwardings: { address: string; forwardsAll: boolean }[]
  vacation: Vacation | null
  /** Of the person. */
  name: string
}

export async function rulesOf(db: Database, accountId: string): Promise<StoredRules | undefined> {
  const list = (of: RawBuilder<unknown>) => sql`coalesce((select jsonb_agg(each) from (${of}) each), '[]')`
  const { rows } = await sql<StoredRules>`
    select name, preferences->'vacation' as vacation,
      ${list(sql`select query, actions from filters where account_id = a.id and is_on order by created_at, id`)} as filters,
      coalesce((select jsonb_agg(id) from mailboxes where account_id = a.id and role is null), '[]') as "labelIds",
      ${list(sql`select address, forwards_all as "forwardsAll" from forwardings where account_id = a.id and confirmed_at is not null`)} as forwardings
    from accounts a where id = ${accountId}`.execute(db)
  return rows[0]
}

/** Whether this sender is to be told now; it is then remembered that it was. */
export async function claimVacationAnswer(
  tx: Database,
  accountId: string,
  address: string,
  everyDays: number,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into vacation_answers as v (account_id, address) values (${accountId}, ${address})
    on conflict (account_id, address) do update set answered_at = now()
    where v.answered_at <= now() - make_interval(days => ${everyDays})`.execute(tx)
  return numAffectedRows === 1n
}

/** Everybody is told anew: it is another absence. */
export async function forgetVacationAnswers(tx: Database, accountId: string): Promise<void> {
  await sql`delete from vacation_answers where account_id = ${accountId}`.execute(tx)
}

/** Nobody is told more rarely than once in 30 days. */
export async function deletePastVacationAnswers(db: Database): Promise<void> {
  await sql`delete from vacation_answers where answered_at < now() - interval '31 days'`.execute(db)
}

const columns = sql`id, query, actions, is_on as "isOn"`
