import { sql } from 'kysely'
import type { MailPreferences } from '#contracts/mail/settings.ts'
import type { Database } from '#platform/database/database.ts'

/** What the person has chosen; undefined: there is no such account. */
export async function findPreferences(
  db: Database,
  accountId: string,
): Promise<Partial<MailPreferences> | undefined> {
  const { rows } = await sql<{ preferences: Partial<MailPreferences> }>`
    select preferences from accounts where id = ${accountId}`.execute(db)
  return rows[0]?.preferences
}

/** Beside what was chosen before. Gives all. */
export async function mergePreferences(
  tx: Database,
  accountId: string,
  change: { [Key in keyof MailPreferences]?: MailPreferences[Key] | undefined },
): Promise<Partial<MailPreferences> | undefined> {
  const { rows } = await sql<{ preferences: Partial<MailPreferences> }>`
    update accounts set preferences = preferences || ${JSON.stringify(change)}::jsonb where id = ${accountId}
    returning preferences`.execute(tx)
  return rows[0]?.preferences
}
