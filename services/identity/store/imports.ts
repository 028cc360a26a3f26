import { sql } from 'kysely'
import type { Account } from '#contracts/identity/account.ts'
import type { Database } from '#platform/database/database.ts'
import { columns } from './accounts.ts'

export interface Addresses {
  userids: readonly string[]
  skeletons: readonly string[]
  emails: readonly string[]
  phones: readonly string[]
}

/** What of it somebody has, or, of userids that look like one of them, ever had. */
export async function findTaken(
  db: Database,
  { userids, skeletons, emails, phones }: Addresses,
): Promise<{ kind: keyof Addresses; value: string }[]> {
  const { rows } = await sql<{ kind: keyof Addresses; value: string }>`
    select 'userids' as kind, userid as value from accounts where userid = any(${userids})
    union all select 'skeletons', userid_skeleton from accounts where userid_skeleton = any(${skeletons})
    union all select 'skeletons', userid_skeleton from retired_userids where userid_skeleton = any(${skeletons})
    union all select 'emails', email from accounts where email = any(${emails})
    union all select 'phones', phone from accounts where phone = any(${phones})`.execute(db)
  return rows
}

export interface ImportedRow {
  id: string
  userid: string | null
  skeleton: string | null
  name: string
  email: string | null
  phone: string | null
  roles: readonly string[]
  language: string
  isDisabled: boolean
  /** Null: now. */
  createdAt: string | null
  /** Null: it can't be signed in to by password. */
  passwordHash: string | null
}

/** Gives those that were made; the userid of the others was somebody's by then. */
export async function insertImported(tx: Database, rows: readonly ImportedRow[]): Promise<Account[]> {
  const { rows: made } = await sql<Account>`
    insert into accounts (
      id, userid, userid_skeleton, name, email, phone, roles, language, disabled_at, created_at
    )
    select id, userid, skeleton, name, email, phone, roles, language,
      case when "isDisabled" then now() end, coalesce("createdAt", now())
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as given (
      id uuid, userid text, skeleton text, name text, email text, phone text, roles text[], language text,
      "isDisabled" boolean, "createdAt" timestamptz
    )
    on conflict do nothing returning ${columns}`.execute(tx)
  await sql`
    insert into passwords (account_id, hash)
    select id, "passwordHash"
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as given (id uuid, "passwordHash" text)
    where "passwordHash" is not null and exists (select from accounts where accounts.id = given.id)`.execute(
    tx,
  )
  return made
}
