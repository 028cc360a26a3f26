import { sql } from 'kysely'
import type { z } from 'zod'
import type { Installation } from '#contracts/identity/admin.ts'
import type { Database } from '#platform/database/database.ts'

export type InstallationRow = z.output<typeof Installation>

/** Without mail domains of its own it has the one in the settings. */
export async function showInstallation(db: Database, defaultDomain: string): Promise<InstallationRow> {
  const { rows } = await sql<InstallationRow>`
    select name, case when domains = '{}' then array[lower(${defaultDomain})] else domains end as domains,
      sign_up as "signUp", set_up_at is not null as "isSetUp"
    from installation`.execute(db)
  return rows[0]!
}

export async function updateInstallation(
  tx: Database,
  { name, domains, signUp }: { [K in 'name' | 'domains' | 'signUp']?: InstallationRow[K] | undefined },
): Promise<void> {
  await sql`
    update installation set name = coalesce(${name ?? null}, name),
      domains = coalesce(${domains ?? null}::text[], domains), sign_up = coalesce(${signUp ?? null}, sign_up)`.execute(
    tx,
  )
}

/** Whether somebody has a mailbox on the domain. */
export async function isDomainUsed(db: Database, domain: string): Promise<boolean> {
  const { rows } = await sql`
    select from accounts where split_part(userid, '@', 2) = ${domain} limit 1`.execute(db)
  return rows.length === 1
}

/** Somebody is an owner now: a link to become the first one counts no more. */
export async function endSetUp(tx: Database): Promise<void> {
  await sql`update installation set set_up_at = now(), set_up_hash = null where set_up_at is null`.execute(tx)
}

/** Instead of the one before. False once there is an owner. */
export async function replaceSetUpToken(db: Database, hash: Buffer): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update installation set set_up_hash = ${hash} where set_up_at is null`.execute(db)
  return numAffectedRows === 1n
}

/** Whether the token is the one that was made last, without using it. */
export async function isSetUpToken(db: Database, hash: Buffer): Promise<boolean> {
  const { rows } = await sql`
    select from installation where set_up_hash = ${hash} and set_up_at is null`.execute(db)
  return rows.length === 1
}

/** Uses the token, which is good once; false when it is not the one that was made last. */
export async function useSetUpToken(
  tx: Database,
  hash: Buffer,
  { name, domain }: { name: string; domain: string },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update installation set name = ${name}, domains = array[${domain}], set_up_at = now(), set_up_hash = null
    where set_up_hash = ${hash} and set_up_at is null`.execute(tx)
  return numAffectedRows === 1n
}
