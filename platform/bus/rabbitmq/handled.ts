/** Which events a subscription has handled: RabbitMQ delivers some twice. */
import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import type { Logger } from '#platform/log.ts'

/**
 * Marks the events, in the transaction of their effects. Gives those that were not handled before; waits while
 * another transaction handles one of them.
 */
export async function markHandled(
  tx: Database,
  subscription: number,
  eventIds: readonly string[],
): Promise<Set<string>> {
  // In one order, so that two batches with the same events don't wait for each other.
  const ids = [...new Set(eventIds)].sort()
  const { rows } = await sql<{ id: string }>`
    insert into bus.handled as h (subscription, event_id, handled_at)
    select ${subscription}, unnest(${ids}::uuid[]), now()
    on conflict (subscription, event_id) do update set handled_at = now() where h.handled_at is null
    returning event_id as id`.execute(tx)
  return new Set(rows.map((row) => row.id))
}

/** Counts the start of handling an event that was delivered before. Undefined when it was handled. */
export async function noteStart(
  bus: Database,
  subscription: number,
  eventId: string,
): Promise<number | undefined> {
  const { rows } = await sql<{ starts: number }>`
    insert into bus.handled as h (subscription, event_id, starts) values (${subscription}, ${eventId}, 1)
    on conflict (subscription, event_id) do update set starts = h.starts + 1 where h.handled_at is null
    returning starts`.execute(bus)
  return rows[0]?.starts
}

/** A copy that is delivered later than this is handled again. */
const rememberedDays = 7
const forgetEveryMs = 3_600_000

/** Forgets what is older, now and every hour until disposed of. */
export function forgetRegularly(bus: Database, log: Logger): Disposable {
  const forget = () =>
    sql`delete from bus.handled where noted_at < now() - make_interval(days => ${rememberedDays})`
      .execute(bus)
      .then(
        () => undefined,
        (error) => log.warn({ err: error }, 'old handled events are kept until later'),
      )
  void forget()
  const timer = setInterval(forget, forgetEveryMs).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
