/** Handles what waits in `bus.deliveries` for one subscription. */
import { isDatabaseAway, orderingKey } from '#platform/bus/handling.ts'
import { firstStepsMs, startLoop, together, type Loop } from '#platform/bus/loop.ts'
import { claimsOf, type Claims } from './claims.ts'
import type { Waiting } from './deliveries.ts'
import { orderedClaimsOf } from './ordered-claims.ts'
import { outcomeOf, type ConsumerOptions, type Outcome } from './outcome.ts'

export interface Consumer extends Loop {
  /** Wakes it to look at all events, those too that came out of turn. */
  look(): void
}

export function startConsumer(options: ConsumerOptions): Consumer {
  const { subscription, bus, number, log } = options
  const { name, orderBy, batch = 1, concurrency = 1 } = subscription
  const claims = orderBy
    ? orderedClaimsOf(bus, number, (payload) => orderingKey(subscription, payload))
    : claimsOf(bus, number)
  const outcome = outcomeOf(options, claims, () => due.wake())
  const batches = () => takeBatches(options, claims, outcome, batch)

  async function takeDue(): Promise<boolean> {
    const event = await claims.note('due')
    if (event) await outcome.handleAlone(event)
    return event !== undefined
  }

  const takeFresh = batches()
  const start = (step: () => Promise<boolean>) => startLoop(name, log, step, { firstMs: firstStepsMs })
  const due = start(async () => (await takeDue()) || (orderBy ? takeFresh() : false))
  const fresh = orderBy ? [] : Array.from({ length: concurrency }, () => start(batches()))
  const loops = together([due, ...fresh])
  return Object.assign(loops, {
    look() {
      claims.rewind()
      loops.wake()
    },
  })
}

/**
 * Steps that take events never tried, in batches. The first after a start are taken alone, since an earlier process
 * may have died of one of them, and so are those of a batch that failed.
 */
function takeBatches(
  { database }: ConsumerOptions,
  claims: Claims,
  outcome: Outcome,
  batch: number,
): () => Promise<boolean> {
  let alone = batch

  async function takeAlone(): Promise<boolean> {
    const event = await claims.note('fresh')
    alone = event ? alone - 1 : 0
    if (event) await outcome.handleAlone(event)
    return event !== undefined
  }

  async function takeBatch(): Promise<boolean> {
    let events: Waiting[] = []
    try {
      const handled = await database.transaction().execute(async (tx) => {
        events = await claims.takeBatch(tx, batch)
        return events.length > 0 ? outcome.handle(tx, events) : undefined
      })
      handled?.()
    } catch (error) {
      const [first, second] = events
      if (!first || isDatabaseAway(error)) throw error
      if (second) alone = events.length
      else await outcome.failed(first, error)
      return true
    }
    // Fewer than asked for: what comes next is told of, and then there is more of it.
    return events.length === batch
  }

  return () => (alone > 0 ? takeAlone() : takeBatch())
}
