import { sql, type RawBuilder } from 'kysely'
import type { z } from 'zod'
import type { LocalAddress, MailDomain } from '#contracts/mail/administration.ts'
import type { Database } from '#platform/database/database.ts'

type Domain = z.output<typeof MailDomain>
type Address = z.output<typeof LocalAddress>

export async function domainRows(db: Database, name?: string): Promise<Domain[]> {
  const { rows } = await sql<Domain>`
    select name, is_primary as "isPrimary", catch_all as "catchAll",
      (select count(*)::int from addresses a where a.domain = d.name) as addresses
    from domains d where ${name === undefined ? sql`true` : sql`name = ${name}`}
    order by not is_primary, name`.execute(db)
  return rows
}

/** False where there is no such domain or account. */
export async function setCatchAll(tx: Database, name: string, accountId: string | null): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update domains set catch_all = ${accountId}
    where name = ${name} and (${accountId}::uuid is null or exists (select from accounts where id = ${accountId}))`.execute(
    tx,
  )
  return numAffectedRows === 1n
}

export async function deleteDomain(tx: Database, name: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    delete from domains d where name = ${name} and not is_primary
      and not exists (select from addresses a where a.domain = d.name)`.execute(tx)
  return numAffectedRows === 1n
}

export async function listAddresses(
  db: Database,
  filter: {
    kind?: Address['kind'] | undefined
    text?: string | undefined
    after: string | undefined
    limit: number
  },
): Promise<Address[]> {
  const pattern = `%${(filter.text ?? '').toLowerCase().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  const conditions: RawBuilder<unknown>[] = [sql`true`]
  if (filter.kind !== undefined) conditions.push(sql`kind = ${filter.kind}`)
  if (filter.text !== undefined)
    conditions.push(sql`(address like ${pattern} or lower(name) like ${pattern})`)
  if (filter.after !== undefined) conditions.push(sql`address > ${filter.after}`)
  const { rows } = await sql<Address>`
    select ${columns} from addresses a where ${sql.join(conditions, sql` and `)}
    order by address limit ${filter.limit}`.execute(db)
  return rows
}

/** Undefined: it is the own address of an account. */
export async function putAddress(
  tx: Database,
  { address, kind, name, accountIds, forwardTo }: Address,
): Promise<Address | undefined> {
  const { numAffectedRows } = await sql`
    insert into addresses as a (address, domain, kind, name)
    values (${address}, ${address.slice(address.lastIndexOf('@') + 1)}, ${kind}, ${name})
    on conflict (address) do update set kind = excluded.kind, name = excluded.name where a.kind <> 'account'`.execute(
    tx,
  )
  if (numAffectedRows === 0n) return undefined
  await sql`delete from address_members where address = ${address}`.execute(tx)
  await sql`
    insert into address_members (address, account_id)
    select ${address}, id from accounts where id = any (${accountIds}::uuid[])`.execute(tx)
  await sql`
    insert into address_members (address, forward_to) select ${address}, unnest(${forwardTo}::text[])
    on conflict do nothing`.execute(tx)
  const { rows } = await sql<Address>`select ${columns} from addresses a where address = ${address}`.execute(
    tx,
  )
  return rows[0]
}

export async function removeAddress(tx: Database, address: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    delete from addresses where address = ${address} and kind <> 'account'`.execute(tx)
  return numAffectedRows === 1n
}

const columns = sql`
  a.address, a.kind, a.name,
  coalesce((select array_agg(account_id) from address_members m where m.address = a.address and account_id is not null), '{}') as "accountIds",
  coalesce((select array_agg(forward_to) from address_members m where m.address = a.address and forward_to is not null), '{}') as "forwardTo"`
