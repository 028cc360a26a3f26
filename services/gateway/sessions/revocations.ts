/** Hears from identity what is to be forgotten, through whatever breaks. */
import type { Client, OutputOf } from '#contracts/client.ts'
import type { identity } from '#contracts/identity.ts'
import { keepReading } from '#platform/kept-stream.ts'
import type { Logger } from '#platform/log.ts'

const firstDelayMs = 20

export type Told = OutputOf<typeof identity.streams.revocations>

export interface FollowOptions {
  client: Client<typeof identity>
  log: Logger
  /** Each item, in order; what was missed in a break comes with the first one after it, or that item is a reset. */
  take: (told: Told) => void
}

/** Follows until disposed of; connects again for ever. */
export function followRevocations({ client, log, take }: FollowOptions): AsyncDisposable {
  let after: number | undefined
  let isBroken = false
  return keepReading({
    open: (signal) => client.revocations({ after }, { signal }),
    take(told) {
      take(told)
      after = told.sequence
      if (isBroken) log.info('revocations arrive again')
      isBroken = false
      return true
    },
    onBreak(error) {
      if (isBroken) return
      isBroken = true
      log.warn({ err: error }, 'revocations do not arrive: sessions are trusted for a shorter time')
    },
    firstDelayMs,
  })
}
