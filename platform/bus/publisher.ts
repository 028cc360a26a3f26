import type { Database } from '#platform/database/database.ts'
import type { Announcer } from './announcer.ts'
import type { Bus } from './bus.ts'
import { groupCommit } from './group-commit.ts'
import { meters } from './meters.ts'
import { prepare, type Outgoing } from './outgoing.ts'

/** `insert` writes events in one statement. */
export function publisherOf(
  bus: Database,
  announcer: Announcer,
  insert: (db: Database, events: readonly Outgoing[]) => Promise<void>,
): Pick<Bus, 'publish' | 'emit' | 'committed'> {
  async function write(db: Database, events: Outgoing[]): Promise<void> {
    await insert(db, events)
    for (const { event } of events) {
      meters.published.inc({ event })
      announcer.written(event)
    }
  }
  const writeInGroup = groupCommit(async (events: Outgoing[]) => {
    await write(bus, events)
    announcer.committed()
  })
  return {
    async publish(tx, event, payloads, options) {
      const events = prepare(event, Array.isArray(payloads) ? payloads : [payloads], options)
      if (events.length > 0) await write(tx, events)
    },
    async emit(event, payload, options) {
      await Promise.all(prepare(event, [payload], options).map(writeInGroup))
    },
    committed: () => announcer.committed(),
  }
}
