import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

/** Wrong passwords, many at once. Gives how many each account has by now in 24 hours, these included. */
export async function addPasswordFailures(
  tx: Database,
  added: ReadonlyMap<string, number>,
): Promise<{ accountId: string; added: number; failures: number }[]> {
  // In one order everywhere, so that two processes don't wait for each other in a circle.
  const entries = [...added].toSorted(([one], [other]) => (one < other ? -1 : 1))
  await sql`
    insert into sign_in_failures (account_id, hour, passwords)
    select accounts.id, date_trunc('hour', now()), added.count
    from unnest(${entries.map(([id]) => id)}::uuid[], ${entries.map(([, count]) => count)}::int[])
      with ordinality as added (account_id, count, position)
    join accounts on accounts.id = added.account_id
    order by added.position
    on conflict (account_id, hour) do update set passwords = sign_in_failures.passwords + excluded.passwords`.execute(
    tx,
  )
  const { rows } = await sql<{ accountId: string; failures: number }>`
    select account_id as "accountId", sum(passwords)::int as failures from sign_in_failures
    where account_id = any(${entries.map(([id]) => id)}) and hour > now() - interval '24 hours'
    group by account_id`.execute(tx)
  return rows.map((row) => ({ ...row, added: added.get(row.accountId)! }))
}

/** Counts a try of a second factor, or of a password to confirm, before it is checked. False when there were too many in 24 hours. */
export async function tryFactor(db: Database, accountId: string, most: number): Promise<boolean> {
  const { rows } = await sql<{ tries: number }>`
    with tried as (
      insert into sign_in_failures (account_id, hour, factors)
      values (${accountId}, date_trunc('hour', now()), 1)
      on conflict (account_id, hour) do update set factors = sign_in_failures.factors + 1
      returning factors
    )
    select (select factors from tried) + coalesce(sum(factors), 0)::int as tries from sign_in_failures
    where account_id = ${accountId} and hour > now() - interval '24 hours'
      and hour < date_trunc('hour', now())`.execute(db)
  return rows[0]!.tries <= most
}

/** A try that was right does not count. */
export async function forgiveFactor(tx: Database, accountId: string): Promise<void> {
  await sql`
    update sign_in_failures set factors = greatest(factors - 1, 0)
    where account_id = ${accountId} and hour = (
      select max(hour) from sign_in_failures where account_id = ${accountId}
    )`.execute(tx)
}

export async function deleteOldFailures(db: Database): Promise<void> {
  await sql`delete from sign_in_failures where hour < now() - interval '25 hours'`.execute(db)
}
