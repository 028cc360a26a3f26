import type { Logger } from '#platform/log.ts'
import { createHub } from './hub.ts'
import type { Signals } from './signals.ts'

/** Signals within this process. */
export function openLocalSignals({ log }: { log: Logger }): Signals {
  const hub = createHub(log, () => {})
  return {
    ...hub,
    async [Symbol.asyncDispose]() {
      hub.close()
    },
  }
}
