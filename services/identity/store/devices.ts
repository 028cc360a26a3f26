import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

/** The account forgets those used longest ago, beyond `most`. */
export async function insertDevice(
  tx: Database,
  { accountId, tokenHash }: { accountId: string; tokenHash: Buffer },
  most: number,
): Promise<void> {
  await sql`
    insert into known_devices (account_id, token_hash) values (${accountId}, ${tokenHash})
    on conflict do nothing`.execute(tx)
  await sql`
    delete from known_devices where account_id = ${accountId} and token_hash in (
      select token_hash from known_devices where account_id = ${accountId}
      order by last_used_at desc, created_at desc offset ${most}
    )`.execute(tx)
}
