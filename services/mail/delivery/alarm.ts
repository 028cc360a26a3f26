import type { Signals } from '#platform/signals/signals.ts'

/** Wakes a loop of this process: by a signal of any process, or by a ring. */
export interface Alarm extends Disposable {
  ring(): void
  /** Resolves at the next ring and at the latest in time. A ring while nobody rests is remembered. */
  rest(timeoutMs: number): Promise<void>
}

export function createAlarm(signals: Signals, topic: string): Alarm {
  let { promise, resolve } = Promise.withResolvers<void>()
  const ring = () => resolve()
  const stops = [signals.listen(topic, ring), signals.onGap(ring)]
  return {
    ring,
    async rest(timeoutMs) {
      const timer = setTimeout(ring, timeoutMs)
      await promise
      clearTimeout(timer)
      ;({ promise, resolve } = Promise.withResolvers<void>())
    },
    [Symbol.dispose]() {
      for (const stop of stops) stop()
    },
  }
}
