/**
 * Publishing writes to the outbox; a relay carries it to RabbitMQ, where each subscription has a queue. Subscriptions
 * with an ordering key have theirs emptied, in order, into `bus.deliveries`, which also takes replayed dead letters.
 */
import type { Announcer } from '#platform/bus/announcer.ts'
import type { Bus, QueueState, Subscription } from '#platform/bus/bus.ts'
import { deadLettersOf } from '#platform/bus/dead-letters.ts'
import { measureQueues } from '#platform/bus/meters.ts'
import { eventName } from '#platform/bus/outgoing.ts'
import { insertDeliveriesFor, queueStates } from '#platform/bus/postgres/deliveries.ts'
import { openQueues, stopWithin, type BusOptions } from '#platform/bus/postgres/queues.ts'
import { publisherOf } from '#platform/bus/publisher.ts'
import { saveSubscription } from '#platform/bus/subscriptions.ts'
import type { Database } from '#platform/database/database.ts'
import { connectBroker } from './connection.ts'
import { startQueueConsumer, type QueueConsumer, type QueueConsumerOptions } from './consumer.ts'
import { keepDeadLetters } from './dead-letters.ts'
import { forgetRegularly } from './handled.ts'
import { insertOutbox, outboxState, startRelay } from './relay.ts'
import { declareSubscription } from './topology.ts'

const orderedBatch = 500

export async function openRabbitmqBus(url: string, options: BusOptions): Promise<Bus> {
  const { database, log, pollMs = 1000 } = options
  const bus = database.forService('bus')
  await using stack = new AsyncDisposableStack()
  const broker = stack.use(await connectBroker(url, log))
  const queues = stack.use(openQueues(options))
  const relay = startRelay(bus, broker, log)
  stack.defer(relay.stop)
  const deadLetters = keepDeadLetters(bus, broker, log)
  stack.defer(deadLetters.close)
  const consumers: QueueConsumer[] = []
  const stopConsumers = async () => {
    await Promise.all([queues.stop(), ...consumers.map((consumer) => consumer.stop())])
  }
  stack.defer(stopConsumers)
  stack.use(forgetRegularly(bus, log))
  stack.use(queues.announcer.listen(relay.wake))
  stack.adopt(setInterval(relay.wake, pollMs).unref(), clearInterval)
  const states = async () =>
    summed(await Promise.all([queueStates(bus), outboxState(bus), ...consumers.map((one) => one.state())]))
  stack.use(measureQueues(states))

  async function declare(subscription: Subscription): Promise<number> {
    const { number, formerKeys } = await saveSubscription(bus, subscription)
    const channel = await broker.createChannel()
    channel.on('error', () => {}) // Rejects the declaration too.
    await declareSubscription(channel, inRabbitmq(subscription), formerKeys)
    await channel.close()
    return number
  }

  const opened = stack.move()
  return {
    ...publisherOf(bus, queues.announcer, insertOutbox),
    async subscribe(subscriptions) {
      const numbers: number[] = []
      for (const { subscription } of subscriptions) numbers.push(await declare(subscription))
      for (const [index, { subscription, database: own }] of subscriptions.entries()) {
        const number = numbers[index] as number
        queues.start(subscription, number, own)
        const shared = { subscription: inRabbitmq(subscription), number, bus, broker, log }
        const work = workOf(subscription, number, queues.announcer, { bus, own })
        consumers.push(startQueueConsumer({ ...shared, ...work }))
      }
    },
    async declare(subscriptions) {
      for (const subscription of subscriptions) await declare(subscription)
    },
    drain: (timeoutMs) => stopWithin({ stop: stopConsumers }, timeoutMs),
    deadLetters: deadLettersOf(bus, queues.look),
    queues: states,
    problem: () =>
      broker.problem() ??
      queues.problem() ??
      [relay, deadLetters, ...consumers].find((part) => part.problem)?.problem,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** What is done with the messages of the queue: the handler's work, or moving them in order to `bus.deliveries`. */
function workOf(
  { event, orderBy, handle, batch = 1, concurrency = 1 }: Subscription,
  number: number,
  { committed, tell }: Announcer,
  { bus, own }: Record<'bus' | 'own', Database>,
): Pick<QueueConsumerOptions, 'database' | 'handle' | 'batch' | 'concurrency' | 'committed'> {
  if (!orderBy) return { database: own, handle, batch, concurrency, committed }
  return {
    database: bus,
    handle: (events, tx) => insertDeliveriesFor(tx, number, events),
    batch: orderedBatch,
    concurrency: 1,
    committed: () => tell([eventName(event)]),
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
