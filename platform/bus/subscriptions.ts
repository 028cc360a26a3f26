import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import type { Subscription } from './bus.ts'
import { eventName } from './outgoing.ts'
import { keyPattern } from './routing.ts'

/** Makes the queue, or changes its keys. Gives the number it has in other tables and the keys it had before. */
export async function saveSubscription(
  bus: Database,
  subscription: Subscription,
): Promise<{ number: number; formerKeys: string[] }> {
  const { name, event } = subscription
  const keys = keysOf(subscription)
  return bus.transaction().execute(async (tx) => {
    // Two inserts of one name at once: `on conflict` would see to the name, and the queue's index still refuse one.
    await sql`lock table bus.subscriptions in share row exclusive mode`.execute(tx)
    const { rows } = await sql<{ number: number; formerKeys: string[] }>`
    with former as (select keys from bus.subscriptions where name = ${name})
    insert into bus.subscriptions (name, queue, event, keys, pattern)
    values (${name}, ${queueOf(subscription)}, ${eventName(event)}, ${keys}, ${keyPattern(keys, event.exchangeType)})
    on conflict (name) do update
      set queue = excluded.queue, event = excluded.event, keys = excluded.keys, pattern = excluded.pattern
    returning id as number, coalesce((select keys from former), '{}') as "formerKeys"`.execute(tx)
    return rows[0] as { number: number; formerKeys: string[] }
  })
}

export function keysOf(subscription: Subscription): readonly string[] {
  return subscription.keys ?? [subscription.event.keyPattern]
}

export function queueOf(subscription: Subscription): string {
  return subscription.queue ?? subscription.name
}
