/** How a consumer takes events from `bus.deliveries`: without order, any instance any event. */
import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import { waitingColumns, type Waiting } from './deliveries.ts'

/**
 * An event is taken either in a batch, deleted in the handler's transaction, or alone: then the try is noted and
 * committed first, so that an event that kills its process is known by the tries that were cut off.
 */
export interface Claims {
  /** Removes events never tried. Empty when there are none that others have not taken. */
  takeBatch(tx: Database, limit: number): Promise<Waiting[]>
  /** Counts the start of a try of the next event; it comes due again unless `takeNoted` follows. */
  note(which: Which): Promise<Waiting | undefined>
  /** Removes an event that was noted. False when somebody else has noted it since. */
  takeNoted(tx: Database, event: Waiting): Promise<boolean>
  /** After a failed try. No effect when somebody else has noted it since. */
  postpone(event: Waiting, delayMs: number): Promise<void>
  /** Makes the next `takeBatch` look at all events. It usually starts where it was, as most events come in order. */
  rewind(): void
}

/** Never tried, or tried and due again. */
export type Which = 'fresh' | 'due'

/** When an event comes due again whose process ended: 0.5 s later, then 1 s, 2 s, … 32 s. Locked, it isn't taken. */
export const afterHold = sql`now() + interval '0.5 s' * 2 ^ least(starts, 6)`

/** A transaction that commits after so many later events has its own found by the next look at all. */
const lateEvents = 1000

export function claimsOf(bus: Database, subscription: number): Claims {
  let newest = 0
  return {
    async takeBatch(tx, limit) {
      const { rows } = await sql<Waiting>`
        select ${waitingColumns}
        from bus.take_deliveries(${subscription}, ${newest - lateEvents}, ${limit})`.execute(tx)
      newest = Math.max(newest, rows.at(-1)?.id ?? 0)
      return rows
    },

    async note(which) {
      const { rows } = await sql<Waiting>`
        update bus.deliveries set starts = starts + 1, retry_at = ${afterHold}
        where id = (select id from bus.next_deliveries(${subscription}, ${which === 'due'}, 1))
        returning ${waitingColumns}`.execute(bus)
      return rows[0]
    },

    takeNoted,

    async postpone({ id, starts, failures }, delayMs) {
      await sql`
        update bus.deliveries set failures = failures + 1, retry_at = now() + ${delayMs} * interval '1 ms'
        where id = ${id} and starts = ${starts} and failures = ${failures}`.execute(bus)
    },

    rewind() {
      newest = 0
    },
  }
}

export async function takeNoted(tx: Database, { id, starts, failures }: Waiting): Promise<boolean> {
  const { numAffectedRows } = await sql`
    delete from bus.deliveries where id = ${id} and starts = ${starts} and failures = ${failures}`.execute(tx)
  return numAffectedRows === 1n
}
