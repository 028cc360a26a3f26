import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

export async function findSpamModel(db: Database, accountId: string): Promise<Buffer | undefined> {
  const { rows } = await sql<{ delta: Buffer }>`
    select delta from spam_models where account_id = ${accountId}`.execute(db)
  return rows[0]?.delta
}

export async function saveSpamModel(tx: Database, accountId: string, delta: Buffer): Promise<void> {
  await sql`
    insert into spam_models (account_id, delta) values (${accountId}, ${delta})
    on conflict (account_id) do update set delta = excluded.delta, changed_at = now()`.execute(tx)
}
