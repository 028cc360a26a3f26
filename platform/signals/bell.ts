import type { Signals } from './signals.ts'

/** Wakes a loop that looks at a table when others have changed it. */
export interface Bell extends Disposable {
  /** Resolves at the next signal, after a gap in the signals, when the loop should end, and at the latest in time. */
  rung(timeoutMs: number): Promise<void>
}

/** A ring while nobody waits is remembered. */
export function createBell(signals: Signals, topic: string, ending: AbortSignal): Bell {
  let { promise, resolve } = Promise.withResolvers<void>()
  const ring = () => resolve()
  const stops = [signals.listen(topic, ring), signals.onGap(ring)]
  ending.addEventListener('abort', ring, { once: true })
  return {
    async rung(timeoutMs) {
      const timer = setTimeout(ring, timeoutMs)
      await promise
      clearTimeout(timer)
      if (!ending.aborted) ({ promise, resolve } = Promise.withResolvers<void>())
    },
    [Symbol.dispose]() {
      ending.removeEventListener('abort', ring)
      for (const stop of stops) stop()
    },
  }
}
