/** The live outbox: the table is the truth, a signal only says when to look. */
import type { OutputOf } from '#contracts/client.ts'
import type { notifications } from '#contracts/notifications.ts'
import type { QueryContext } from '#platform/service.ts'
import { createBell } from '#platform/signals/bell.ts'
import type { Signals } from '#platform/signals/signals.ts'
import { endOfOutbox, readOutbox } from './store/outbox.ts'

const topic = 'notifications.outbox'
/** How late a change is shown when the signal for it is lost. */
const pollMs = 1000
/** How soon to look again while older transactions run, whose changes come first. */
const heldBackMs = 100
const pageSize = 200

/** To be called when a notification was made or changed: the streams of every process show it. */
export function announceChange(signals: Signals): void {
  signals.send(topic)
}

/** Each as it is when it is shown: of changes that follow each other at once, the last. */
export async function* followOutbox(
  _input: object,
  { db, signals, signal }: QueryContext,
): AsyncGenerator<OutputOf<typeof notifications.streams.outbox>> {
  using bell = createBell(signals, topic, signal)
  let place = await endOfOutbox(db)
  while (!signal.aborted) {
    const page = await readOutbox(db, place, pageSize)
    yield* page.changes
    place = page.place
    if (page.changes.length < pageSize) await bell.rung(page.isHeldBack ? heldBackMs : pollMs)
  }
}
