/** What is known of one account, and what is wiped in time. */
import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import { columns, type NotificationRow } from './notifications.ts'

type Exported = NotificationRow & {
  rendering: Buffer | null
  isSecret: boolean
  history: { state: string; at: string; detail: string | null }[]
}

/** Newest first. */
export async function notificationsOfAccount(
  db: Database,
  accountId: string,
  limit: number,
): Promise<Exported[]> {
  const { rows } = await sql<Exported>`
    select ${columns}, rendering, is_secret as "isSecret", (
      select coalesce(json_agg(json_build_object('state', state, 'at', at, 'detail', detail) order by e.id), '[]')
      from notification_events e where notification_id = notifications.id
    ) as history
    from notifications where account_id = ${accountId}::uuid or (
      account_id is null and recipient in (select ${recipientsOf(accountId)})
    )
    order by id desc limit ${limit}`.execute(db)
  return rows
}

/** Those too that went to an address of the account without naming it. Requests go with their last notification. */
export async function eraseAccount(tx: Database, accountId: string): Promise<void> {
  await sql`
    delete from requests where id in (
      select request_id from notifications where account_id = ${accountId}::uuid or (
        account_id is null and recipient in (select ${recipientsOf(accountId)})
      )
    )`.execute(tx)
}

/** Contents of secrets that were kept for a day, and of all others after `days`. Gives how many. */
export async function wipeOld(db: Database, days: number): Promise<number> {
  const { numAffectedRows } = await sql`
    update notifications set variables = null, rendering = null
    where (variables is not null or rendering is not null) and state not in ('queued', 'sending')
      and (changed_at < now() - make_interval(days => ${days})
        or (is_secret and changed_at < now() - interval '1 day'))`.execute(db)
  return Number(numAffectedRows ?? 0)
}

const recipientsOf = (accountId: string) =>
  sql`recipient from notifications where account_id = ${accountId}::uuid and recipient is not null`
