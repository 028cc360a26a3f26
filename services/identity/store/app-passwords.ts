import { sql } from 'kysely'
import type { z } from 'zod'
import type { AppPassword } from '#contracts/identity/app-passwords.ts'
import { isoTime } from '#platform/database/iso-time.ts'
import type { Database } from '#platform/database/database.ts'

type Row = z.output<typeof AppPassword>

export async function insertAppPassword(
  tx: Database,
  row: { id: string; accountId: string; name: string; storedKey: Buffer; serverKey: Buffer },
): Promise<Row> {
  const { id, accountId, name, storedKey, serverKey } = row
  const { rows } = await sql<Row>`
    insert into app_passwords (id, account_id, name, stored_key, server_key)
    values (${id}, ${accountId}, ${name}, ${storedKey}, ${serverKey}) returning ${columns}`.execute(tx)
  return rows[0]!
}

/** Newest first. */
export async function listAppPasswords(db: Database, accountId: string): Promise<Row[]> {
  const { rows } = await sql<Row>`
    select ${columns} from app_passwords where account_id = ${accountId} order by id desc`.execute(db)
  return rows
}

export async function deleteAppPassword(tx: Database, accountId: string, id: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    delete from app_passwords where id = ${id} and account_id = ${accountId}`.execute(tx)
  return numAffectedRows === 1n
}

export interface Credential {
  id: string
  accountId: string
  storedKey: Buffer
  serverKey: Buffer
}

/** Of whom may sign in. */
export async function credentialsOf(db: Database, userid: string): Promise<Credential[]> {
  const { rows } = await sql<Credential>`
    select p.id, p.account_id as "accountId", stored_key as "storedKey", server_key as "serverKey"
    from app_passwords p join accounts a on a.id = p.account_id
    where a.userid = ${userid} and a.disabled_at is null order by p.id`.execute(db)
  return rows
}

export async function noteUse(tx: Database, id: string): Promise<void> {
  await sql`
    update app_passwords set last_used_at = date_trunc('hour', now())
    where id = ${id} and last_used_at is distinct from date_trunc('hour', now())`.execute(tx)
}

const columns = sql`
  id, name, ${isoTime('created_at')} as "createdAt", ${isoTime('last_used_at')} as "lastUsedAt"`
