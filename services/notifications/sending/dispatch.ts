/** Takes up what is due of a channel, as much at a time as the channel carries. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Breaker } from '#platform/balance/breaker.ts'
import { createBell } from '#platform/signals/bell.ts'
import type { Signals } from '#platform/signals/signals.ts'
import type { Context } from '../settings.ts'
import { claim, msUntilDue, type Claimed } from '../store/work.ts'
import { deliver } from './deliver.ts'
import type { Provider } from './provider.ts'

type Channel = 'email' | 'sms'

/** How late what came due is taken up when the signal for it is lost or its process ended. */
const pollMs = 1000
/** For sends that run when the process stops. */
const graceMs = 2000

/** To be called when something came due. */
export function announceDue(signals: Signals, channel: Channel): void {
  signals.send(topicOf(channel))
}

const topicOf = (channel: Channel) => `notifications.due.${channel}`

export interface Dispatching {
  channel: Channel
  provider: Provider | undefined
  /** Notifications at work at a time. */
  concurrency: number
}

/** Until disposed of; then what runs has two seconds to end, and the provider is disposed of. */
export function startDispatch(
  { channel, provider, concurrency }: Dispatching,
  context: Context,
): AsyncDisposable {
  const stopping = new AbortController()
  const cutting = new AbortController()
  const breaker = new Breaker(() => Date.now())
  const running = new Set<Promise<void>>()
  const bell = createBell(context.signals, topicOf(channel), stopping.signal)
  const log = context.log.child({ channel })

  async function work(claimed: Claimed): Promise<void> {
    try {
      await deliver(claimed, { provider, breaker, stopping: cutting.signal }, context)
    } catch (error) {
      // It comes due again when its lease is over.
      log.error({ err: error, notification: claimed.id }, 'a notification was left in the middle')
    }
  }

  /** Gives how long there is nothing to do. */
  async function takeUp(): Promise<number> {
    if (breaker.state === 'open') return Math.min(pollMs, Math.max(breaker.openUntil! - Date.now(), 1))
    // Half open, one at a time shows whether the provider is well.
    const room = breaker.state === 'closed' ? concurrency - running.size : running.size === 0 ? 1 : 0
    if (room === 0) {
      await Promise.race(running)
      return 0
    }
    const claimed = await claim(context.db, channel, room)
    for (const one of claimed) {
      const task = work(one).finally(() => running.delete(task))
      running.add(task)
    }
    if (claimed.length === room) return 0
    return Math.min(pollMs, Math.max((await msUntilDue(context.db, channel)) ?? pollMs, 10))
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const waitMs = await takeUp().catch((error: unknown) => {
        log.warn({ err: error }, 'could not look for notifications')
        return pollMs
      })
      if (waitMs > 0) await bell.rung(Math.ceil(waitMs))
    }
  }

  const loop = run()
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort()
      const patience = new AbortController()
      const over = loop.then(() => Promise.all(running)).then(() => patience.abort())
      await sleep(graceMs, undefined, patience).catch(() => undefined)
      cutting.abort()
      await over
      bell[Symbol.dispose]()
      await provider?.[Symbol.asyncDispose]()
    },
  }
}
