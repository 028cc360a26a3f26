/** The loop of the role `delivery`: takes what is due from the queue and brings it to where it belongs. */
import type { SecureContextOptions } from 'node:tls'
import type { ServiceContext } from '#platform/service.ts'
import type { Lookups } from '../authentication/resolver.ts'
import { claimLots, measureQueue, nextDueAt } from '../store/queue.ts'
import { createAlarm } from './alarm.ts'
import { usualTimeouts, type Timeouts } from './client/connection.ts'
import type { Sign } from './content.ts'
import { holdLease } from './lease.ts'
import type { DeliverHere } from './local.ts'
import type { LotTools } from './lot.ts'
import { showQueue } from './meters.ts'
import { networkRule } from './networks.ts'
import { readRelay } from './relay.ts'
import { queueTopic, retryTopic } from './submit.ts'
import { openWorkshop } from './workshop.ts'

export interface DelivererOptions {
  deliverHere: DeliverHere
  resolver: Lookups
  /** How we call ourselves: what our MX record says. */
  hostName: string
  /** Reports come from its postmaster. */
  domain: string
  /** Left out: nothing is signed here. */
  sign?: Sign | undefined
  /** `smtp://user:password@host:587`: everything that is not for here goes there. */
  relay?: string | undefined
  /** Networks, comma-separated, that mail may go to although they are private. */
  privateTargets?: string | undefined
  /** Connections at once, in all and to one destination. */
  totalConnections?: number
  destinationConnections?: number
  /** How long a connection waits for another message. */
  idleMs?: number
  /** How long a message waits where no signal told of it. */
  pollMs?: number
  /** For tests: the clock, the ports of other servers, roots to trust, and how long servers may take. */
  now?: () => number
  port?: number
  httpsPort?: number
  roots?: SecureContextOptions['ca']
  timeouts?: Partial<Timeouts>
}

type DelivererContext = Pick<ServiceContext, 'db' | 'blobs' | 'signals' | 'log'>

const batch = 50
const measureMs = 15_000
/** How long a stop waits for what is under way. */
const stopMs = 10_000

/** Throws for settings that can't be read. What is under way at disposal is finished or given back. */
export function startDeliverer(context: DelivererContext, options: DelivererOptions): AsyncDisposable {
  const { db, signals, log } = context
  const { now = Date.now, pollMs = 5_000 } = options
  const breaking = new AbortController()
  const tools = toolsOf(context, options, breaking.signal)
  const lease = holdLease(db, log)
  const alarm = createAlarm(signals, queueTopic)
  const workshop = openWorkshop(tools, lease, { ...options, onIdle: () => alarm.ring() })
  let isStopping = false

  async function claim(): Promise<number> {
    const askedAt = performance.now()
    const busy = workshop.busy()
    const lots = await claimLots(db, { owner: lease.owner, now: new Date(now()), limit: batch, busy })
    lease.hold(lots, askedAt)
    workshop.take(lots)
    return lots.length
  }

  async function loop() {
    while (!isStopping) {
      const claimed = await claim().catch((error: unknown) => {
        log.warn({ err: error }, 'the mail queue could not be read')
        return 0
      })
      if (claimed < batch && !isStopping) await alarm.rest(await restMs())
    }
  }
  /** Until the next is due, but for what is due and has to wait for a place here: that rings. */
  async function restMs(): Promise<number> {
    const dueAt = await nextDueAt(db, new Date(now())).catch(() => undefined)
    return dueAt ? Math.min(pollMs, Math.max(10, dueAt.getTime() - now())) : pollMs
  }

  const measuring = setInterval(() => void measureQueue(db).then(showQueue, () => undefined), measureMs)
  const unlisten = signals.listen(retryTopic, (domain) => {
    workshop.forgive(domain)
    alarm.ring()
  })
  const looping = loop()
  return {
    async [Symbol.asyncDispose]() {
      isStopping = true
      alarm.ring()
      clearInterval(measuring)
      unlisten()
      await looping
      await workshop.stop(stopMs, () => breaking.abort())
      alarm[Symbol.dispose]()
      lease[Symbol.dispose]()
    },
  }
}

function toolsOf(context: DelivererContext, options: DelivererOptions, breaking: AbortSignal): LotTools {
  return {
    ...context,
    ...options,
    now: options.now ?? Date.now,
    relay: options.relay === undefined ? undefined : readRelay(options.relay),
    isAllowed: networkRule(options.privateTargets),
    timeouts: { ...usualTimeouts, ...options.timeouts },
    port: options.port ?? 25,
    breaking,
  }
}
