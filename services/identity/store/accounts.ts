import { sql } from 'kysely'
import type { Account } from '#contracts/identity/account.ts'
import type { Preferences } from '#contracts/identity/profiles.ts'
import type { Database } from '#platform/database/database.ts'
import { isoTime } from '#platform/database/iso-time.ts'
import type { Role } from '#platform/identity.ts'

export interface NewAccountRow {
  id: string
  userid: string | null
  skeleton: string | null
  name: string
  email: string | null
  phone: string | null
  roles: readonly Role[]
  language: string
}

/** Undefined when the userid, or one that looks like it, is or was somebody's. */
export async function insertAccount(tx: Database, account: NewAccountRow): Promise<Account | undefined> {
  const { id, userid, skeleton, name, email, phone, roles, language } = account
  const { rows } = await sql<Account>`
    insert into accounts (id, userid, userid_skeleton, name, email, phone, roles, language)
    select ${id}::uuid, ${userid}, ${skeleton}, ${name}, ${email}, ${phone}, ${roles}, ${language}
    where not exists (select from retired_userids where userid_skeleton = ${skeleton})
    on conflict do nothing returning ${columns}`.execute(tx)
  return rows[0]
}

/** Whoever claimed an address before, and never verified it, claims it no more. */
export async function dropClaims(
  tx: Database,
  { id, email, phone }: { id: string; email?: string | null | undefined; phone?: string | null | undefined },
): Promise<void> {
  if (email)
    await sql`update accounts set email = null
      where email = ${email} and email_verified_at is null and id <> ${id}`.execute(tx)
  if (phone)
    await sql`update accounts set phone = null
      where phone = ${phone} and phone_verified_at is null and id <> ${id}`.execute(tx)
}

export async function isUseridTaken(db: Database, skeleton: string): Promise<boolean> {
  const { rows } = await sql<{ isTaken: boolean }>`
    select exists (select from accounts where userid_skeleton = ${skeleton})
      or exists (select from retired_userids where userid_skeleton = ${skeleton}) as "isTaken"`.execute(db)
  return rows[0]!.isTaken
}

export async function findAccount(db: Database, id: string): Promise<Account | undefined> {
  const { rows } = await sql<Account>`select ${columns} from accounts where id = ${id}`.execute(db)
  return rows[0]
}

/** It stays as it is until the transaction ends. */
export async function lockAccount(tx: Database, id: string): Promise<Account | undefined> {
  const { rows } = await sql<Account>`
    select ${columns} from accounts where id = ${id} for no key update`.execute(tx)
  return rows[0]
}

export async function updateRoles(tx: Database, id: string, roles: readonly Role[]): Promise<void> {
  await sql`update accounts set roles = ${roles} where id = ${id}`.execute(tx)
}

export interface ProfileChange {
  name?: string | undefined
  email?: string | null | undefined
  phone?: string | null | undefined
  language?: string | undefined
  timeZone?: string | undefined
}

/** Another e-mail address or phone number is not verified. */
export async function updateProfile(tx: Database, id: string, change: ProfileChange): Promise<void> {
  const { name, email, phone, language, timeZone } = change
  const isSet = (value: unknown) => sql`${value !== undefined}::boolean`
  await sql`
    update accounts set
      name = coalesce(${name ?? null}, name),
      language = coalesce(${language ?? null}, language),
      time_zone = coalesce(${timeZone ?? null}, time_zone),
      email = case when ${isSet(email)} then ${email ?? null} else email end,
      email_verified_at = case when ${isSet(email)} and email is distinct from ${email ?? null}
        then null else email_verified_at end,
      phone = case when ${isSet(phone)} then ${phone ?? null} else phone end,
      phone_verified_at = case when ${isSet(phone)} and phone is distinct from ${phone ?? null}
        then null else phone_verified_at end
    where id = ${id}`.execute(tx)
}

/** False when the account's address is another one by now, or somebody else has verified it. */
export async function markVerified(
  tx: Database,
  id: string,
  channel: 'email' | 'phone',
  target: string,
): Promise<boolean> {
  const [address, verifiedAt] =
    channel === 'email'
      ? [sql.ref('email'), sql.ref('email_verified_at')]
      : [sql.ref('phone'), sql.ref('phone_verified_at')]
  const { numAffectedRows } = await sql`
    update accounts set ${verifiedAt} = coalesce(${verifiedAt}, now())
    where id = ${id} and ${address} = ${target} and not exists (
      select from accounts others
      where others.id <> ${id} and others.${address} = ${target} and others.${verifiedAt} is not null
    )`.execute(tx)
  return numAffectedRows === 1n
}

export async function updatePicture(
  tx: Database,
  id: string,
  picture: { blob: string; mediaType: string } | null,
): Promise<void> {
  await sql`update accounts set picture_id = ${picture?.blob ?? null}, picture_type = ${picture?.mediaType ?? null}
    where id = ${id}`.execute(tx)
}

export async function findPicture(
  db: Database,
  id: string,
): Promise<{ blob: string; mediaType: string } | undefined> {
  const { rows } = await sql<{ blob: string; mediaType: string }>`
    select picture_id as blob, picture_type as "mediaType" from accounts
    where id = ${id} and picture_id is not null`.execute(db)
  return rows[0]
}

export async function findPreferences(db: Database, id: string): Promise<Preferences | null> {
  const { rows } = await sql<{ preferences: Preferences | null }>`
    select preferences from accounts where id = ${id}`.execute(db)
  return rows[0]?.preferences ?? null
}

export async function updatePreferences(tx: Database, id: string, preferences: Preferences): Promise<void> {
  await sql`update accounts set preferences = ${JSON.stringify(preferences)}::jsonb where id = ${id}`.execute(
    tx,
  )
}

/** Whom an identifier may mean. */
export type Identified = { userid: string; skeleton: string } | { email: string } | { phone: string }

/**
 * Accounts that can be signed in to by it: of a userid one; of an address whoever claims it without having verified
 * it, and whoever has.
 */
export async function findIdentified(
  db: Database,
  identified: Identified,
): Promise<{ claimed: Account | undefined; held: Account | undefined }> {
  const { isMeant, isHeld } = meaningOf(identified)
  const { rows } = await sql<Account & { isHeld: boolean }>`
    select ${columns}, ${isHeld} as "isHeld" from accounts where ${isMeant}`.execute(db)
  const find = (isHeld: boolean) => rows.find((row) => row.isHeld === isHeld)
  return { claimed: withoutMark(find(false)), held: withoutMark(find(true)) }
}

/** Conditions on `accounts`: whom it means, and whether he alone has it. */
export function meaningOf(identified: Identified) {
  if ('userid' in identified) {
    const mailbox = identified.userid.split('@')[0]!.replaceAll('.', '')
    const isMeant = sql`userid_skeleton = ${identified.skeleton}
      and replace(split_part(userid, '@', 1), '.', '') = ${mailbox}`
    return { isMeant, isHeld: sql`true` }
  }
  return 'email' in identified
    ? { isMeant: sql`email = ${identified.email}`, isHeld: sql`email_verified_at is not null` }
    : { isMeant: sql`phone = ${identified.phone}`, isHeld: sql`phone_verified_at is not null` }
}

function withoutMark(row: (Account & { isHeld: boolean }) | undefined): Account | undefined {
  if (!row) return undefined
  const { isHeld: _, ...account } = row
  return account
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

/** Instead of any that was there. */
export async function setPassword(tx: Database, accountId: string, hash: string): Promise<void> {
  await sql`
    insert into passwords (account_id, hash) values (${accountId}, ${hash})
    on conflict (account_id) do update set hash = excluded.hash, changed_at = now()`.execute(tx)
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

/** As the contract shows an account. */
export const columns = sql`
  accounts.id, userid, name, email, email_verified_at is not null as "isEmailVerified",
  phone, phone_verified_at is not null as "isPhoneVerified", roles, language, time_zone as "timeZone",
  picture_id as "pictureId", disabled_at is not null as "isDisabled",
  ${isoTime('accounts.created_at')} as "createdAt"`
