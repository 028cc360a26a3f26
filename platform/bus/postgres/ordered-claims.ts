/**
 * How a consumer takes events of a subscription with an ordering key. An advisory lock lets one transaction at a
 * time take and handle them, over all instances. The key is known to the subscriber alone, so it is computed here
 * and stored only with events that have to wait: one that failed or was noted, and those of its key behind it.
 */
import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import { afterHold, takeNoted, type Claims, type Which } from './claims.ts'
import { waitingColumns, type Waiting } from './deliveries.ts'

/** First half of the advisory lock's key; the other is the subscription's number. The bytes `bus`. */
const lockSpace = 0x627573

/** Events looked at to find one that need not wait. */
const lookAhead = 100

/** `keyOf` gives undefined for a payload that is no valid event: it waits for nobody. */
export function orderedClaimsOf(
  bus: Database,
  subscription: number,
  keyOf: (payload: unknown) => string | undefined,
): Claims {
  /** Locks events whose turn it is; those behind an event that waits are made to wait with it. */
  async function lockFree(tx: Database, which: Which, limit: number): Promise<Waiting[]> {
    const { rows: lock } = await sql<{ isOurs: boolean }>`
      select pg_try_advisory_xact_lock(${lockSpace}, ${subscription}) as "isOurs"`.execute(tx)
    if (!lock[0]?.isOurs) return []
    for (;;) {
      const { rows } = await sql<Waiting>`
        select ${waitingColumns}
        from bus.next_deliveries(${subscription}, ${which === 'due'}, ${limit})`.execute(tx)
      const events = rows.map((row) => ({ ...row, orderKey: keyOf(row.payload) ?? null }))
      const blocked = await waitBehindOthers(tx, subscription, events)
      const free = events.filter((event) => !blocked.has(event.id))
      if (free.length > 0 || rows.length < limit) return free
    }
  }

  return {
    async takeBatch(tx, limit) {
      const events = await lockFree(tx, 'fresh', limit)
      const ids = events.map((event) => event.id)
      if (ids.length > 0) await sql`delete from bus.deliveries where id = any(${ids}::bigint[])`.execute(tx)
      return events
    },

    note: (which) =>
      bus.transaction().execute(async (tx) => {
        const [event] = await lockFree(tx, which, lookAhead)
        if (!event) return undefined
        const { rows } = await sql<Waiting>`
          update bus.deliveries
          set starts = starts + 1, order_key = ${event.orderKey}, retry_at = ${afterHold}
          where id = ${event.id} returning ${waitingColumns}`.execute(tx)
        return rows[0]
      }),

    async takeNoted(tx, event) {
      await sql`select pg_advisory_xact_lock(${lockSpace}, ${subscription})`.execute(tx)
      return takeNoted(tx, event)
    },

    async postpone({ id, starts, failures, orderKey }, delayMs) {
      await sql`
        with failed as (
          update bus.deliveries
          set failures = failures + 1, order_key = ${orderKey},
            retry_at = now() + ${delayMs} * interval '1 ms'
          where id = ${id} and starts = ${starts} and failures = ${failures} returning id
        )
        update bus.deliveries d set retry_at = now() + ${delayMs} * interval '1 ms' from failed
        where d.subscription = ${subscription} and d.order_key = ${orderKey} and d.id > failed.id`.execute(
        bus,
      )
    },

    rewind() {},
  }
}

/** Of these events, those that must wait: an earlier one of their key does. They are marked so. */
async function waitBehindOthers(tx: Database, subscription: number, events: Waiting[]): Promise<Set<number>> {
  const ids = events.map((event) => event.id)
  const keys = events.map((event) => event.orderKey)
  const { rows } = await sql<{ id: number }>`
    update bus.deliveries d set order_key = e.order_key, retry_at = first.retry_at
    from unnest(${ids}::bigint[], ${keys}::text[]) as e (id, order_key)
      cross join lateral (
        select retry_at from bus.deliveries w
        where w.subscription = ${subscription} and w.order_key = e.order_key and w.id < e.id
        order by w.id limit 1
      ) as first
    where d.id = e.id
    returning d.id`.execute(tx)
  return new Set(rows.map((row) => row.id))
}
