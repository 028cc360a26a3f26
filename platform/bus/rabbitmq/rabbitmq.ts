/**
 * Publishing writes to the outbox; a relay carries it to RabbitMQ, where each subscription has a queue. Subscriptions
 * with an ordering key have theirs emptied, in order, into `bus.deliveries`, which also takes replayed dead letters.
 */
import type { Bus, Subscription } from '#platform/bus/bus.ts'
import { deadLettersOf } from '#platform/bus/dead-letters.ts'
import { forgetHandled } from './handled.ts'
import { measureQueues, type QueueState } from '#platform/bus/meters.ts'
import { publisherOf } from '#platform/bus/publisher.ts'
import { openQueues, stopWithin, type BusOptions } from '#platform/bus/postgres/queues.ts'
import { startQueueConsumer, type QueueConsumer } from './consumer.ts'
import { connectBroker } from './connection.ts'
import { keepDeadLetters } from './dead-letters.ts'
import { insertOutbox, outboxState, startRelay } from './relay.ts'
import { declareSubscription } from './topology.ts'
import { insertDeliveriesFor, queueStates } from '#platform/bus/postgres/deliveries.ts'
import { saveSubscription } from '#platform/bus/subscriptions.ts'

const orderedBatch = 500
const forgetEveryMs = 3_600_000

export async function openRabbitmqBus(url: string, options: BusOptions): Promise<Bus> {
  const { database, log, pollMs = 1000 } = options
  const broker = await connectBroker(url, log)
  const bus = database.forService('bus')
  const queues = openQueues(options)
  const relay = startRelay(bus, broker, log)
  const deadLetters = keepDeadLetters(bus, broker, log)
  const consumers: QueueConsumer[] = []
  const listening = queues.announcer.listen(() => relay.wake())
  const looking = setInterval(() => relay.wake(), pollMs).unref()
  const forgetting = setInterval(() => void forgetHandled(bus).catch(() => {}), forgetEveryMs).unref()
  const measuring = measureQueues(async () =>
    summed(await Promise.all([queueStates(bus), outboxState(bus), ...consumers.map((one) => one.state())])),
  )

  async function declare(subscription: Subscription): Promise<number> {
    const { number, formerKeys } = await saveSubscription(bus, subscription)
    const channel = await broker.createChannel()
    channel.on('error', () => {}) // Rejects the declaration too.
    await declareSubscription(channel, inRabbitmq(subscription), formerKeys)
    await channel.close()
    return number
  }

  async function stopConsumers(): Promise<void> {
    await Promise.all([queues.stop(), ...consumers.map((consumer) => consumer.stop())])
  }

  return {
    ...publisherOf(bus, queues.announcer, insertOutbox),
    async subscribe(subscriptions) {
      for (const { subscription, database: own } of subscriptions) {
        const number = await declare(subscription)
        const committed = () => queues.announcer.committed()
        const waiting = queues.start(subscription, number, own)
        const shared = { subscription: inRabbitmq(subscription), number, bus, broker, log }
        const { orderBy, batch = 1, concurrency = 1, handle } = subscription
        consumers.push(
          startQueueConsumer(
            orderBy
              ? {
                  ...shared,
                  database: bus,
                  batch: orderedBatch,
                  concurrency: 1,
                  handle: (events, tx) => insertDeliveriesFor(tx, number, events),
                  committed: waiting.wake,
                }
              : { ...shared, database: own, batch, concurrency, handle, committed },
          ),
        )
      }
    },
    async declare(subscriptions) {
      for (const subscription of subscriptions) await declare(subscription)
    },
    drain: (timeoutMs) => stopWithin({ stop: stopConsumers }, timeoutMs),
    deadLetters: deadLettersOf(bus, queues.look),
    problem: () =>
      broker.problem() ??
      queues.problem() ??
      [relay, deadLetters, ...consumers].find((part) => part.problem)?.problem,
    async [Symbol.asyncDispose]() {
      clearInterval(looking)
      clearInterval(forgetting)
      measuring[Symbol.dispose]()
      listening[Symbol.dispose]()
      await Promise.all([stopConsumers(), relay.stop(), deadLetters.close()])
      await broker[Symbol.asyncDispose]()
      await queues[Symbol.asyncDispose]()
    },
  }
}

/** Events with an ordering key wait for their retries in `bus.deliveries`. */
function inRabbitmq(subscription: Subscription): Subscription {
  return subscription.orderBy ? { ...subscription, retryDelaysMs: [] } : subscription
}

/** A subscription's events wait in RabbitMQ and, some, in Postgres. */
function summed(states: (QueueState | QueueState[])[]): QueueState[] {
  const sums = new Map<string, QueueState>()
  for (const state of states.flat()) {
    const sum = sums.get(state.subscription) ?? { ...state, depth: 0, lagSeconds: 0 }
    sum.depth += state.depth
    sum.lagSeconds = Math.max(sum.lagSeconds, state.lagSeconds)
    sums.set(state.subscription, sum)
  }
  return [...sums.values()]
}
