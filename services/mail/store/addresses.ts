import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

/** Who gets what is sent to an address. */
export interface Destination {
  accountIds: string[]
  /** Addresses elsewhere. */
  forwardTo: string[]
}

/**
 * Of an address in lower case: as it stands, then without what follows `+` in its local part, then the catch-all of its
 * domain. `foreign`: the domain is not ours. Undefined: nobody here has it.
 */
export async function resolveAddress(
  db: Database,
  address: string,
): Promise<Destination | 'foreign' | undefined> {
  const at = address.lastIndexOf('@')
  const [local, domain] = [address.slice(0, at), address.slice(at + 1)]
  const plain = `${local.split('+', 1)[0]}@${domain}`
  const { rows } = await sql<{
    accountIds: string[]
    forwardTo: string[]
    catchAll: string | null
    isKnown: boolean
  }>`
    select d.catch_all as "catchAll", found.address is not null as "isKnown",
      coalesce((select array_agg(account_id) from address_members m where m.address = found.address and account_id is not null), '{}') as "accountIds",
      coalesce((select array_agg(forward_to) from address_members m where m.address = found.address and forward_to is not null), '{}') as "forwardTo"
    from domains d
    left join lateral (
      select address from addresses where address in (${address}, ${plain})
      order by address <> ${address} limit 1
    ) found on true
    where d.name = ${domain}`.execute(db)
  const [row] = rows
  if (!row) return 'foreign'
  if (row.isKnown) return { accountIds: row.accountIds, forwardTo: row.forwardTo }
  if (row.catchAll !== null) return { accountIds: [row.catchAll], forwardTo: [] }
  return mustExist.has(local.split('+', 1)[0]!) ? firstAccount(db) : undefined
}

/** RFC 5321 §4.5.1, RFC 2142 §4: somebody reads them, whoever set this installation up where nobody else is named. */
const mustExist = new Set(['postmaster', 'abuse'])

async function firstAccount(db: Database): Promise<Destination | undefined> {
  const { rows } = await sql<{ id: string }>`select id from accounts order by number limit 1`.execute(db)
  return rows[0] && { accountIds: [rows[0].id], forwardTo: [] }
}

/** The own address of an account and the aliases it is a member of. */
export async function addressesOf(db: Database, accountId: string): Promise<string[]> {
  const { rows } = await sql<{ address: string }>`
    select a.address from address_members m join addresses a using (address)
    where m.account_id = ${accountId} and a.kind <> 'group' order by a.kind <> 'account', a.address`.execute(
    db,
  )
  return rows.map(({ address }) => address)
}

export async function listDomains(db: Database): Promise<string[]> {
  const { rows } = await sql<{
    name: string
  }>`select name from domains order by not is_primary, name`.execute(db)
  return rows.map(({ name }) => name)
}
