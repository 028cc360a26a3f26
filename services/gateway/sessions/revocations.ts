/** Hears from identity what is to be forgotten, through whatever breaks. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, OutputOf } from '#contracts/client.ts'
import type { identity } from '#contracts/identity.ts'
import type { Logger } from '#platform/log.ts'

/** Identity says something each second. */
const silenceMs = 3_000
const firstDelayMs = 20
const longestDelayMs = 1_000

export type Told = OutputOf<typeof identity.streams.revocations>

export interface FollowOptions {
  client: Client<typeof identity>
  log: Logger
  /** Each item, in order; what was missed in a break comes with the first one after it, or that item is a reset. */
  take: (told: Told) => void
}

/** Follows until disposed of; connects again for ever. */
export function followRevocations({ client, log, take }: FollowOptions): AsyncDisposable {
  const stopping = new AbortController()
  const { signal } = stopping
  let after: number | undefined
  let delayMs = firstDelayMs
  let isBroken = false

  function note(error: unknown): void {
    if (signal.aborted || isBroken) return
    isBroken = true
    log.warn({ err: error }, 'revocations do not arrive: sessions are trusted for a shorter time')
  }

  async function followOnce(): Promise<void> {
    const silence = new AbortController()
    const timer = setTimeout(() => silence.abort(), silenceMs)
    try {
      const options = { signal: AbortSignal.any([signal, silence.signal]) }
      for await (const told of client.revocations({ after }, options)) {
        timer.refresh()
        take(told)
        after = told.sequence
        delayMs = firstDelayMs
        if (isBroken) log.info('revocations arrive again')
        isBroken = false
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await followOnce().catch(note)
      await sleep(delayMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
      delayMs = Math.min(longestDelayMs, delayMs * 2)
    }
  }

  const running = run()
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await running
    },
  }
}
