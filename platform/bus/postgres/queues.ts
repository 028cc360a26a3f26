import { setTimeout as sleep } from 'node:timers/promises'
import { createAnnouncer, type Announcer } from '#platform/bus/announcer.ts'
import type { Subscription } from '#platform/bus/bus.ts'
import { eventName } from '#platform/bus/outgoing.ts'
import type { Database, DatabaseServer } from '#platform/database/database.ts'
import type { Logger } from '#platform/log.ts'
import type { Signals } from '#platform/signals/signals.ts'
import { startConsumer, type Consumer } from './consumer.ts'
import { subscriptionsWithWork } from './deliveries.ts'

export interface BusOptions {
  database: DatabaseServer
  /** Wakes consumers in other processes. */
  signals: Signals
  log: Logger
  /** How often a process looks for work that nothing told it of. 1000 unless stated. */
  pollMs?: number
}

/** The consumers of this process on `bus.deliveries`. */
export interface Queues extends AsyncDisposable {
  readonly announcer: Announcer
  /** `number`: its id in `bus.subscriptions`. */
  start(subscription: Subscription, number: number, database: Database): void
  /** Looks for work now. */
  look(): void
  /** Takes no more events; resolves when those that run are over. */
  stop(): Promise<void>
  problem(): string | undefined
}

export function openQueues({ database, signals, log, pollMs = 1000 }: BusOptions): Queues {
  const bus = database.forService('bus')
  const announcer = createAnnouncer(signals)
  const consumers = new Map<number, { consumer: Consumer; event: string }>()
  const stopping = new AbortController()

  const listening = announcer.listen((event) => {
    for (const { consumer, event: wanted } of consumers.values())
      if (event === undefined || event === wanted) consumer.wake()
  })

  async function look(): Promise<void> {
    if (consumers.size === 0) return
    try {
      for (const number of await subscriptionsWithWork(bus, [...consumers.keys()]))
        consumers.get(number)?.consumer.look()
    } catch (error) {
      log.debug({ err: error }, 'could not look for events')
    }
  }

  async function lookAgainAndAgain(): Promise<void> {
    while (!stopping.signal.aborted) {
      await look()
      await sleep(pollMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  async function stop(): Promise<void> {
    stopping.abort()
    await Promise.all([looking, ...[...consumers.values()].map(({ consumer }) => consumer.stop())])
  }

  const looking = lookAgainAndAgain()
  return {
    announcer,
    start(subscription, number, own) {
      const { committed } = announcer
      const consumer = startConsumer({ subscription, number, database: own, bus, log, committed })
      consumers.set(number, { consumer, event: eventName(subscription.event) })
    },
    look: () => void look(),
    stop,
    problem: () => [...consumers.values()].find(({ consumer }) => consumer.problem)?.consumer.problem,
    async [Symbol.asyncDispose]() {
      await stop()
      listening[Symbol.dispose]()
      announcer[Symbol.dispose]()
    },
  }
}

export async function stopWithin({ stop }: Pick<Queues, 'stop'>, timeoutMs: number): Promise<void> {
  const patience = new AbortController()
  await Promise.race([stop(), sleep(timeoutMs, undefined, patience).catch(() => {})])
  patience.abort()
}
