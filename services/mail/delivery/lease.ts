/** The hold of this process on the lots it works on, kept as long as the database can be asked. */
import { randomUUID } from 'node:crypto'
import type { Database } from '#platform/database/database.ts'
import type { Logger } from '#platform/log.ts'
import { leaseSeconds, renewLeases, type Lot } from '../store/queue.ts'

export interface Lease extends Disposable {
  owner: string
  /** `askedAt`: by `performance.now()`, when they were claimed. */
  hold(lots: readonly Lot[], askedAt: number): void
  /** False where another process may have taken over. */
  holds(lot: Lot): boolean
  drop(lot: Lot): void
}

const renewMs = 30_000
/** By which a hold counts as lost before it is, as answers take their time. */
const marginMs = 15_000

export function holdLease(db: Database, log: Logger): Lease {
  const owner = randomUUID()
  const heldUntil = new Map<Lot, number>()
  const endOf = (askedAt: number) => askedAt + leaseSeconds * 1000 - marginMs

  async function renew() {
    const askedAt = performance.now()
    const lots = [...heldUntil.keys()]
    if (lots.length === 0) return
    const renewed = await renewLeases(db, owner, lots)
    for (const lot of lots) if (heldUntil.has(lot)) heldUntil.set(lot, renewed.has(lot) ? endOf(askedAt) : 0)
  }
  const timer = setInterval(() => {
    renew().catch((error: unknown) =>
      log.warn({ err: error }, 'the hold on the mail queue could not be renewed'),
    )
  }, renewMs)
  return {
    owner,
    hold(lots, askedAt) {
      for (const lot of lots) heldUntil.set(lot, endOf(askedAt))
    },
    holds: (lot) => performance.now() < (heldUntil.get(lot) ?? 0),
    drop: (lot) => void heldUntil.delete(lot),
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
