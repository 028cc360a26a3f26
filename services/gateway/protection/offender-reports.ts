/** Tells identity which addresses were marked here, so that every other gateway marks them too. Nobody waits for it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '#contracts/client.ts'
import type { identity } from '#contracts/identity.ts'
import type { Logger } from '#platform/log.ts'
import type { Offender } from './offenders.ts'

/** Reports that wait; of one address the last. */
const mostWaiting = 10_000
const [firstDelayMs, longestDelayMs] = [500, 30_000]

export interface OffenderReports extends AsyncDisposable {
  add: (offender: Offender) => void
}

/** What can't be told is told later, as long as it still counts. */
export function reportOffenders({
  calls,
  log,
}: {
  calls: Pick<Client<typeof identity>, 'reportOffender'>
  log: Logger
}): OffenderReports {
  const waiting = new Map<string, Offender>()
  const stopping = new AbortController()
  const { signal } = stopping
  let telling = Promise.resolve()
  let isTelling = false

  async function tellAll(): Promise<void> {
    let failures = 0
    isTelling = true
    for (const [address, offender] of waiting) {
      waiting.delete(address)
      if (signal.aborted || offender.until <= Date.now()) continue
      try {
        const until = new Date(offender.until).toISOString()
        await calls.reportOffender({ address, state: offender.state, until }, { signal })
        failures = 0
      } catch (error) {
        if (!waiting.has(address)) waiting.set(address, offender)
        if (failures === 0) log.debug({ err: error }, 'marked addresses can not be reported now')
        const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** failures++)
        await sleep(delayMs, undefined, { signal }).catch(() => undefined)
      }
    }
    isTelling = false
  }

  return {
    add(offender) {
      waiting.set(offender.address, offender)
      const [oldest] = waiting.keys()
      if (waiting.size > mostWaiting) waiting.delete(oldest!)
      if (!isTelling) telling = tellAll()
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await telling
    },
  }
}
