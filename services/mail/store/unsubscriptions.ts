import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

/** To be asked for once this is committed. One that failed is asked for again. Undefined: it is under way or done. */
export async function insertUnsubscription(
  tx: Database,
  { id, accountId, messageId, url }: { id: string; accountId: string; messageId: string; url: string },
): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`
    insert into unsubscriptions as u (id, account_id, message_id, url) values (${id}, ${accountId}, ${messageId}, ${url})
    on conflict (account_id, message_id) do update set state = 'waiting', attempts = 0, next_attempt_at = now(),
      url = excluded.url where u.state = 'failed'
    returning id`.execute(tx)
  return rows[0]?.id
}

export interface DueUnsubscription {
  id: string
  url: string
  attempts: number
}

/** Nobody else takes them for some minutes. All that are due, or one of them. */
export async function claimUnsubscriptions(
  db: Database,
  { id, limit }: { id?: string; limit: number },
): Promise<DueUnsubscription[]> {
  const { rows } = await sql<DueUnsubscription>`
    update unsubscriptions set attempts = attempts + 1, next_attempt_at = now() + interval '5 minutes'
    where id in (
      select id from unsubscriptions
      where state = 'waiting' and next_attempt_at <= now() and ${id === undefined ? sql`true` : sql`id = ${id}`}
      order by next_attempt_at limit ${limit} for update skip locked
    )
    returning id, url, attempts`.execute(db)
  return rows
}

export async function endUnsubscription(
  db: Database,
  id: string,
  { state, answer }: { state: 'waiting' | 'done' | 'failed'; answer: string },
): Promise<void> {
  await sql`
    update unsubscriptions set state = ${state}, answer = ${answer.slice(0, 200)},
      next_attempt_at = now() + interval '1 hour' where id = ${id}`.execute(db)
}
