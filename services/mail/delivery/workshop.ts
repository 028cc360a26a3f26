/** Shares the lots that this process holds among connections: so many in all, so many to one destination. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parkLots, type Lot } from '../store/queue.ts'
import { openDestination, type Destination } from './destination.ts'
import type { Lease } from './lease.ts'
import { handleLot, type LotTools } from './lot.ts'

export interface Workshop {
  take(lots: readonly Lot[]): void
  /** Domains of which no more should be taken now. */
  busy(): string[] | 'allRemote'
  /** That a domain, or any, could not be reached counts no more. */
  forgive(domain: string): void
  /** Gives back what has not begun; what is under way is waited for, then broken off. */
  stop(graceMs: number, breakOff: () => void): Promise<void>
}

interface WorkshopOptions {
  totalConnections?: number
  destinationConnections?: number
  idleMs?: number
  /** There is room for more. */
  onIdle(): void
}

/** Of one destination, so that others get their turn. */
const mostWaiting = 30
const localLots = 4
/** What could not even be kept is tried again then. */
const mishapMs = 60_000
/** Keys of destinations beside domains: our own mailboxes, the smart host. */
const localKey = ''
const relayKey = '*'

export function openWorkshop(tools: LotTools, lease: Lease, options: WorkshopOptions): Workshop {
  const { totalConnections = 20, destinationConnections = 3, idleMs = 5_000 } = options
  const { log, now } = tools
  const destinations = new Map<string, Destination>()
  const work = new Set<Promise<void>>()
  let isStopping = false
  let remoteRunning = 0

  function startAll() {
    for (const [key, destination] of destinations) {
      start(key, destination)
      if (destination.isSpent) destinations.delete(key)
    }
  }
  function start(key: string, destination: Destination) {
    const most = key === localKey ? localLots : destinationConnections
    while (destination.waiting.length > 0 && !isStopping) {
      if (destination.closedUntil !== undefined)
        return follow(giveBack(tools, lease, destination.waiting.splice(0), destination.closedUntil))
      if (destination.running >= most || (key !== localKey && remoteRunning >= totalConnections)) return
      follow(run(destination.waiting.shift()!, destination))
    }
  }

  async function run(lot: Lot, destination: Destination): Promise<void> {
    if (!lot.isLocal) remoteRunning++
    const held = { ...tools, owner: lease.owner, mayEnd: () => lease.holds(lot) }
    await destination.run(() =>
      handleLot(lot, destination, held).catch(async (error: unknown) => {
        log.error({ err: error, submissionId: lot.submissionId }, 'a message could not be handled')
        await giveBack(tools, lease, [lot], now() + mishapMs)
        return 'abandoned' as const
      }),
    )
    lease.drop(lot)
    if (!lot.isLocal) remoteRunning--
    startAll()
    if (destination.waiting.length === 0) options.onIdle()
  }

  function follow(promise: Promise<void>) {
    const done = promise.finally(() => work.delete(done))
    work.add(done)
  }

  return {
    take(lots) {
      for (const lot of lots) {
        const key = lot.isLocal ? localKey : tools.relay ? relayKey : lot.domain
        const destination = destinations.get(key) ?? openDestination(now, idleMs)
        destinations.set(key, destination)
        destination.waiting.push(lot)
      }
      startAll()
    },
    busy: () => fullOf(destinations),
    forgive: (domain) => forgive(destinations, domain),
    async stop(graceMs, breakOff) {
      isStopping = true
      const all = [...destinations.values()]
      await giveBack(
        tools,
        lease,
        all.flatMap(({ waiting }) => waiting.splice(0)),
        0,
      )
      await settledWithin(work, graceMs)
      breakOff()
      await Promise.all(work)
      await Promise.all(all.map((destination) => destination.close()))
    },
  }
}

function fullOf(destinations: ReadonlyMap<string, Destination>): string[] | 'allRemote' {
  const full = [...destinations]
    .filter(([, { waiting, closedUntil }]) => waiting.length >= mostWaiting || closedUntil !== undefined)
    .map(([key]) => key)
  return full.includes(relayKey) ? 'allRemote' : full
}

function forgive(destinations: ReadonlyMap<string, Destination>, domain: string): void {
  for (const [key, destination] of destinations)
    if (domain === '' || key === domain || key === relayKey) destination.forgive()
}

/** Without an attempt: an open breaker uses up none. */
async function giveBack(
  { db, log }: LotTools,
  lease: Lease,
  lots: readonly Lot[],
  until: number,
): Promise<void> {
  if (lots.length === 0) return
  await parkLots(db, lease.owner, lots, new Date(until)).catch((error: unknown) =>
    log.warn({ err: error }, 'messages could not be given back to the queue'),
  )
  for (const lot of lots) lease.drop(lot)
}

async function settledWithin(work: ReadonlySet<Promise<void>>, ms: number): Promise<void> {
  const timer = new AbortController()
  const timeout = sleep(ms, undefined, { signal: timer.signal }).catch(() => undefined)
  await Promise.race([Promise.all(work), timeout])
  timer.abort()
}
