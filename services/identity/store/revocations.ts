import { sql } from 'kysely'
import type { z } from 'zod'
import type { Revocation } from '#contracts/identity/sign-in.ts'
import type { Database } from '#platform/database/database.ts'

export type RevocationRow = z.output<typeof Revocation>

/** Others that revoke wait until the transaction ends: call it last. */
export async function insertRevocations(tx: Database, revoked: readonly RevocationRow[]): Promise<void> {
  await sql`
    with head as (
      update revocation_head set sequence = sequence + ${revoked.length}
      returning sequence - ${revoked.length} as sequence
    )
    insert into revocations (sequence, account_id, session_id)
    select head.sequence + revoked.position, revoked.account_id, revoked.session_id
    from head, unnest(
      ${revoked.map(({ accountId }) => accountId)}::uuid[], ${revoked.map(({ sessionId }) => sessionId)}::uuid[]
    ) with ordinality as revoked (account_id, session_id, position)`.execute(tx)
}

/** The last sequence, and at most `limit` revocations after the one given. */
export async function readRevocations(
  db: Database,
  after: number,
  limit: number,
): Promise<{ sequence: number; revoked: RevocationRow[] }> {
  const { rows } = await sql<{ head: number; accountId: string | null; sessionId: string | null }>`
    select head.sequence as head, account_id as "accountId", session_id as "sessionId"
    from revocation_head as head
    left join lateral (
      select * from revocations where revocations.sequence > ${after}
      order by revocations.sequence limit ${limit}
    ) as revoked on true`.execute(db)
  const revoked = rows.flatMap(({ accountId, sessionId }) => (accountId ? [{ accountId, sessionId }] : []))
  return { sequence: rows[0]!.head, revoked }
}

export async function deleteRevocationsBefore(db: Database, days: number): Promise<void> {
  await sql`delete from revocations where created_at < now() - make_interval(days => ${days})`.execute(db)
}
