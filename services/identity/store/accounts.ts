import { sql } from 'kysely'
import { isoTime } from '#platform/database/iso-time.ts'
import type { z } from 'zod'
import type { Account } from '#contracts/identity.ts'
import type { Database } from '#platform/database/database.ts'
import type { Role } from '#platform/identity.ts'

export type AccountRow = z.output<typeof Account>

/** Undefined when the userid is taken. */
export async function insertAccount(
  tx: Database,
  { id, userid, name, roles }: Omit<AccountRow, 'createdAt'>,
): Promise<AccountRow | undefined> {
  const { rows } = await sql<AccountRow>`
    insert into accounts (id, userid, name, roles) values (${id}, ${userid}, ${name}, ${roles})
    on conflict (userid) do nothing returning ${columns}`.execute(tx)
  return rows[0]
}

export async function findAccount(db: Database, id: string): Promise<AccountRow | undefined> {
  const { rows } = await sql<AccountRow>`select ${columns} from accounts where id = ${id}`.execute(db)
  return rows[0]
}

/** Roles stay as they are until the transaction ends. */
export async function lockAccount(tx: Database, id: string): Promise<AccountRow | undefined> {
  const { rows } = await sql<AccountRow>`
    select ${columns} from accounts where id = ${id} for no key update`.execute(tx)
  return rows[0]
}

export async function updateRoles(tx: Database, id: string, roles: readonly Role[]): Promise<void> {
  await sql`update accounts set roles = ${roles} where id = ${id}`.execute(tx)
}

/** The account of a userid with the hash of its password. */
export async function findPassword(
  db: Database,
  userid: string,
): Promise<{ accountId: string; hash: string } | undefined> {
  const { rows } = await sql<{ accountId: string; hash: string }>`
    select account_id as "accountId", hash from passwords
    where account_id = (select id from accounts where userid = ${userid})`.execute(db)
  return rows[0]
}

export async function passwordOf(db: Database, accountId: string): Promise<string | undefined> {
  const { rows } = await sql<{ hash: string }>`
    select hash from passwords where account_id = ${accountId}`.execute(db)
  return rows[0]?.hash
}

/** Whether the account's password still has this hash; if so it keeps it until the transaction ends. */
export async function holdPassword(tx: Database, accountId: string, hash: string): Promise<boolean> {
  const { rows } = await sql`
    select from passwords where account_id = ${accountId} and hash = ${hash} for share`.execute(tx)
  return rows.length === 1
}

export async function insertPassword(tx: Database, accountId: string, hash: string): Promise<void> {
  await sql`insert into passwords (account_id, hash) values (${accountId}, ${hash})`.execute(tx)
}

/** False when the password has meanwhile another hash than `oldHash`. */
export async function replacePassword(
  tx: Database,
  accountId: string,
  oldHash: string,
  hash: string,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update passwords set hash = ${hash}, changed_at = now()
    where account_id = ${accountId} and hash = ${oldHash}`.execute(tx)
  return numAffectedRows === 1n
}

const columns = sql`id, userid, name, roles, ${isoTime('created_at')} as "createdAt"`
