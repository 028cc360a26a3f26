/** What waits in this process for one destination, and its connections. */
import { Breaker, type Outcome } from '#platform/balance/breaker.ts'
import type { Lot } from '../store/queue.ts'
import type { Dialed } from './dial.ts'

export interface Destination {
  readonly waiting: Lot[]
  /** Lots that are worked on. */
  readonly running: number
  /** When it is worth to be tried again, in milliseconds since the epoch; undefined: now. */
  readonly closedUntil: number | undefined
  /** Runs the work and learns from how it ends. */
  run(work: () => Promise<Outcome>): Promise<void>
  /** Forgets what failed. */
  forgive(): void
  /** A connection for another message. */
  reuse(): Dialed | undefined
  /** Keeps a connection for the next message, for a while. */
  release(dialed: Dialed): void
  /** Closes connections that are not used. */
  close(): Promise<void>
  /** There is nothing to remember of it. */
  readonly isSpent: boolean
}

const messagesPerConnection = 100
/** As long as the breaker counts. */
const memoryMs = 60_000
/** While another attempt tells whether it is back. */
const probeMs = 1_000

export function openDestination(now: () => number, idleMs: number): Destination {
  const idle = new Map<Dialed, NodeJS.Timeout>()
  const leaving = new Set<Promise<void>>()
  const waiting: Lot[] = []
  let breaker = new Breaker(now)
  let running = 0
  let failedAt = -Infinity

  function leave(dialed: Dialed) {
    clearTimeout(idle.get(dialed))
    idle.delete(dialed)
    const left = dialed.connection.quit().finally(() => leaving.delete(left))
    leaving.add(left)
  }
  return {
    waiting,
    get running() {
      return running
    },
    get closedUntil() {
      return breaker.admits() ? undefined : Math.max(breaker.openUntil ?? 0, now() + probeMs)
    },
    async run(work) {
      const used = breaker
      const isProbe = used.begin()
      running++
      const outcome = await work()
      running--
      used.end(outcome, isProbe)
      if (outcome === 'failure') failedAt = now()
    },
    forgive() {
      breaker = new Breaker(now)
    },
    reuse() {
      for (const [dialed, timer] of idle) {
        clearTimeout(timer)
        idle.delete(dialed)
        if (!dialed.connection.wire.isStale) return dialed
        dialed.connection[Symbol.dispose]()
      }
      return undefined
    },
    release(dialed) {
      if (dialed.connection.wire.isStale) return dialed.connection[Symbol.dispose]()
      if (dialed.connection.messages >= messagesPerConnection) return leave(dialed)
      idle.set(
        dialed,
        setTimeout(() => leave(dialed), idleMs),
      )
    },
    async close() {
      for (const dialed of idle.keys()) leave(dialed)
      await Promise.all(leaving)
    },
    get isSpent() {
      return waiting.length + running + idle.size === 0 && now() - failedAt > memoryMs
    },
  }
}
