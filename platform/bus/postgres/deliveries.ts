/** Events that wait in Postgres, one row for each subscription that wants it. */
import { sql } from 'kysely'
import type { Delivery } from '#platform/bus/bus.ts'
import type { QueueState } from '#platform/bus/bus.ts'
import type { Outgoing } from '#platform/bus/outgoing.ts'
import type { Database } from '#platform/database/database.ts'

/** One row per event and subscription that wants it. */
export async function insertDeliveries(db: Database, events: readonly Outgoing[]): Promise<void> {
  await sql`
    select bus.add_deliveries(
      ${events.map((event) => event.event)},
      ${events.map((event) => event.id)},
      ${events.map((event) => event.routingKey)},
      ${events.map((event) => event.payload)},
      ${events.map((event) => event.traceparent)}
    )`.execute(db)
}

/** For one subscription, in this order. */
export async function insertDeliveriesFor(
  tx: Database,
  subscription: number,
  events: readonly Delivery[],
): Promise<void> {
  await sql`
    insert into bus.deliveries (subscription, event_id, routing_key, payload, traceparent, published_at)
    select ${subscription}, id, routing_key, payload::json, traceparent, published_at
    from unnest(
      ${events.map((event) => event.id)}::uuid[],
      ${events.map((event) => event.routingKey)}::text[],
      ${events.map((event) => JSON.stringify(event.payload))}::text[],
      ${events.map((event) => event.traceparent ?? null)}::text[],
      ${events.map((event) => event.publishedAt)}::timestamptz[]
    ) with ordinality as e (id, routing_key, payload, traceparent, published_at, position)
    order by position`.execute(tx)
}

/** A row of `bus.deliveries`. */
export interface Waiting {
  id: number
  eventId: string
  routingKey: string
  payload: unknown
  traceparent: string | null
  publishedAt: Date
  /** Tries that failed. */
  failures: number
  /** Tries noted before they began. */
  starts: number
  orderKey: string | null
}

export const waitingColumns = sql`
  id, event_id as "eventId", routing_key as "routingKey", payload, traceparent,
  published_at as "publishedAt", failures, starts, order_key as "orderKey"`

/** Those of the subscriptions that have something to do now. */
export async function subscriptionsWithWork(bus: Database, ids: readonly number[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from bus.subscriptions_with_work(${ids}) as id`.execute(bus)
  return rows.map((row) => row.id)
}

export async function queueStates(bus: Database): Promise<QueueState[]> {
  const { rows } = await sql<QueueState>`
    select s.name as subscription, count(d.id) as depth,
      coalesce(extract(epoch from now() - min(d.published_at)), 0)::float8 as "lagSeconds"
    from bus.subscriptions s left join bus.deliveries d on d.subscription = s.id
    group by s.id`.execute(bus)
  return rows
}
