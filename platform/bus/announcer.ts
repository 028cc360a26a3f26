import type { Signals } from '#platform/signals/signals.ts'

/** Tells every process, by signal, that events were committed. */
export interface Announcer extends Disposable {
  /** Written in a transaction that is not committed yet. Told after 20 ms unless `committed` comes first. */
  written(event: string): void
  committed(): void
  /** Calls `wake` with the name of the event that came, or with undefined when any may have come. */
  listen(wake: (event: string | undefined) => void): Disposable
}

const topic = 'bus'
/** One signal per event and interval: the receivers take what has come since as well. */
const intervalMs = 20
const commitGuessMs = 20

export function createAnnouncer(signals: Signals): Announcer {
  const written = new Set<string>()
  const unsent = new Set<string>()
  let guess: NodeJS.Timeout | undefined
  let pause: NodeJS.Timeout | undefined

  function send(): void {
    if (unsent.size === 0) return
    for (const event of unsent) signals.send(topic, event)
    unsent.clear()
    pause = setTimeout(() => {
      pause = undefined
      send()
    }, intervalMs)
  }

  function committed(): void {
    clearTimeout(guess)
    guess = undefined
    for (const event of written) unsent.add(event)
    written.clear()
    if (!pause) send()
  }

  return {
    written(event) {
      written.add(event)
      guess ??= setTimeout(committed, commitGuessMs)
    },
    committed,
    listen(wake) {
      const stops = [signals.listen(topic, wake), signals.onGap(() => wake(undefined))]
      return {
        [Symbol.dispose]() {
          for (const stop of stops) stop()
        },
      }
    },
    [Symbol.dispose]() {
      clearTimeout(guess)
      clearTimeout(pause)
    },
  }
}
