import type { Signals } from '#platform/signals/signals.ts'

/** Tells every process, by signal, that events were committed. */
export interface Announcer extends Disposable {
  /** Written in a transaction that is not committed yet. Told after 20 ms, unless `committed` is called before. */
  written(tx: object, events: Iterable<string>): void
  /** Tells of what was written in the transaction; without one, of all that was not told yet. */
  committed(tx?: object): void
  tell(events: Iterable<string>): void
  /** Calls `wake` with the name of the event that came, or with undefined when any may have come. */
  listen(wake: (event: string | undefined) => void): Disposable
}

const topic = 'bus'
/** One signal per event and interval: the receivers take what has come since as well. */
const intervalMs = 20
const commitGuessMs = 20

export function createAnnouncer(signals: Signals): Announcer {
  const writtenIn = new WeakMap<object, Set<string>>()
  const untold = new Map<object, NodeJS.Timeout>()
  const unsent = new Set<string>()
  let pause: NodeJS.Timeout | undefined

  function send(): void {
    pause = undefined
    if (unsent.size === 0) return
    for (const event of unsent) signals.send(topic, event)
    unsent.clear()
    pause = setTimeout(send, intervalMs)
  }

  function tell(events: Iterable<string>): void {
    for (const event of events) unsent.add(event)
    if (!pause) send()
  }

  function tellOf(tx: object): void {
    clearTimeout(untold.get(tx))
    untold.delete(tx)
    tell(writtenIn.get(tx) ?? [])
  }

  return {
    written(tx, events) {
      const written = writtenIn.get(tx) ?? new Set()
      for (const event of events) written.add(event)
      writtenIn.set(tx, written)
      if (!untold.has(tx)) untold.set(tx, setTimeout(tellOf, commitGuessMs, tx))
    },
    committed(tx) {
      for (const one of tx ? [tx] : untold.keys()) tellOf(one)
    },
    tell,
    listen(wake) {
      const stops = [signals.listen(topic, wake), signals.onGap(() => wake(undefined))]
      return {
        [Symbol.dispose]() {
          for (const stop of stops) stop()
        },
      }
    },
    [Symbol.dispose]() {
      clearTimeout(pause)
      for (const guess of untold.values()) clearTimeout(guess)
    },
  }
}
