import { sql, type RawBuilder } from 'kysely'
import type { z } from 'zod'
import {
  Notification,
  type Channel,
  type NotificationEvent,
  type NotificationState,
} from '#contracts/notifications.ts'
import { isoTime } from '#platform/database/iso-time.ts'
import type { Database } from '#platform/database/database.ts'

export type NotificationRow = z.output<typeof Notification>
type State = z.output<typeof NotificationState>

export interface NewNotification {
  id: string
  accountId: string | null
  channel: Channel
  topic: string
  template: string
  language: string
  isSecret: boolean
  recipient: string | null
  /** Sealed. Null for one that is over already. */
  variables: Buffer | null
  state: 'queued' | 'skipped'
  detail: string | null
}

/** False when there is a request of this id, also one that a transaction makes meanwhile, which this waits for. */
export async function insertRequest(tx: Database, requestId: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into requests (id) values (${requestId}) on conflict do nothing`.execute(tx)
  return numAffectedRows === 1n
}

export async function insertNotification(
  tx: Database,
  requestId: string,
  row: NewNotification,
): Promise<void> {
  await sql`
    with inserted as (
      insert into notifications
        (id, request_id, account_id, channel, topic, template, language, is_secret, recipient, variables, state)
      values (${row.id}, ${requestId}, ${row.accountId}, ${row.channel}, ${row.topic}, ${row.template},
        ${row.language}, ${row.isSecret}, ${row.recipient}, ${row.variables}, ${row.state})
      returning id, state
    )
    insert into notification_events (notification_id, state, detail)
    select id, state, ${row.detail} from inserted`.execute(tx)
}

/** In the order in which they were made. */
export async function notificationsOfRequest(
  db: Database,
  requestId: string,
): Promise<{ id: string; channel: Channel }[]> {
  const { rows } = await sql<{ id: string; channel: Channel }>`
    select id, channel from notifications where request_id = ${requestId} order by id`.execute(db)
  return rows
}

export interface Filter {
  channel?: Channel | undefined
  state?: State | undefined
  accountId?: string | undefined
  search?: string | undefined
}

/** Newest first. */
export async function listNotifications(
  db: Database,
  filter: Filter,
  page: { limit: number; before: string | undefined },
): Promise<NotificationRow[]> {
  const { channel, state, accountId, search } = filter
  const pattern = `%${(search ?? '').replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  const conditions: RawBuilder<unknown>[] = [sql`true`]
  if (page.before !== undefined) conditions.push(sql`id < ${page.before}::uuid`)
  if (channel !== undefined) conditions.push(sql`channel = ${channel}`)
  if (state !== undefined) conditions.push(sql`state = ${state}`)
  if (accountId !== undefined) conditions.push(sql`account_id = ${accountId}::uuid`)
  if (search !== undefined && search !== '')
    conditions.push(sql`(recipient ilike ${pattern} or template ilike ${pattern})`)
  const { rows } = await sql<NotificationRow>`
    select ${columns} from notifications where ${sql.join(conditions, sql` and `)}
    order by id desc limit ${page.limit}`.execute(db)
  return rows
}

export async function findNotification(
  db: Database,
  id: string,
): Promise<(NotificationRow & { rendering: Buffer | null; hasVariables: boolean }) | undefined> {
  const { rows } = await sql<NotificationRow & { rendering: Buffer | null; hasVariables: boolean }>`
    select ${columns}, rendering, variables is not null as "hasVariables"
    from notifications where id = ${id}`.execute(db)
  return rows[0]
}

/** Oldest first. */
export async function historyOf(db: Database, id: string): Promise<z.output<typeof NotificationEvent>[]> {
  const { rows } = await sql<z.output<typeof NotificationEvent>>`
    select state, ${isoTime('at')} as at, detail from notification_events
    where notification_id = ${id} order by id`.execute(db)
  return rows
}

/** Begins anew with one that is over and still has what it is made of; undefined for any other. */
export async function requeue(tx: Database, id: string): Promise<NotificationRow | undefined> {
  const { rows } = await sql<NotificationRow>`
    with requeued as (
      update notifications set state = 'queued', attempts = 0, due_at = null, claims = claims + 1, ${changed}
      where id = ${id} and state in ('failed', 'kept') and variables is not null
      returning *
    ), noted as (
      insert into notification_events (notification_id, state, detail)
      select id, state, 'to be sent again' from requeued
    )
    select ${columns} from requeued`.execute(tx)
  return rows[0]
}

/** As `Notification` says. */
export const columns = sql`
  id, request_id as "requestId", account_id as "accountId", channel, topic, template, language, recipient, state,
  attempts, ${isoTime('created_at')} as "createdAt", ${isoTime('changed_at')} as "changedAt"`

/** To be set with everything that the contract shows, so that the outbox stream tells it. */
export const changed = sql`changed_at = now(), changed_by = pg_current_xact_id()::text::bigint`
