import type { Database } from '#platform/database/database.ts'
import type { Announcer } from './announcer.ts'
import type { Bus } from './bus.ts'
import { groupCommit } from '../group-commit.ts'
import { meters } from './meters.ts'
import { prepare, type Outgoing } from './outgoing.ts'

/** `insert` writes events in one statement. */
export function publisherOf(
  bus: Database,
  announcer: Announcer,
  insert: (db: Database, events: readonly Outgoing[]) => Promise<void>,
): Pick<Bus, 'publish' | 'emit' | 'committed'> {
  /** Gives the names of the events. */
  async function write(db: Database, events: Outgoing[]): Promise<Set<string>> {
    await insert(db, events)
    for (const { event } of events) meters.published.inc({ event })
    return new Set(events.map(({ event }) => event))
  }
  const writeInGroup = groupCommit(async (events: Outgoing[]) => announcer.tell(await write(bus, events)))
  return {
    async publish(tx, event, payloads, options) {
      const events = prepare(event, Array.isArray(payloads) ? payloads : [payloads], options)
      if (events.length > 0) announcer.written(tx, await write(tx, events))
    },
    async emit(event, payload, options) {
      await Promise.all(prepare(event, [payload], options).map(writeInGroup))
    },
    committed: (tx) => announcer.committed(tx),
  }
}
