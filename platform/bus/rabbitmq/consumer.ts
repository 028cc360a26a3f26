/** Handles what comes to one subscription's queue. Messages are acknowledged after the commit. */
import type { ConfirmChannel } from 'amqplib'
import type { Delivery, QueueState } from '#platform/bus/bus.ts'
import {
  cutOff,
  describeError,
  isDatabaseAway,
  mostCutOffs,
  retryDelaysMs,
  runAfterCommit,
  validate,
  type AfterCommit,
} from '#platform/bus/handling.ts'
import { startLoop, together } from '#platform/bus/loop.ts'
import { meters } from '#platform/bus/meters.ts'
import { eventName } from '#platform/bus/outgoing.ts'
import type { ConsumerOptions } from '#platform/bus/postgres/outcome.ts'
import { queueOf } from '#platform/bus/subscriptions.ts'
import type { Database } from '#platform/database/database.ts'
import { closeChannel, keepChannel, publishConfirmed, type Broker } from './connection.ts'
import { markHandled, noteStart } from './handled.ts'
import { arrivalOf, header, propertiesOf, type Arrival } from './message.ts'
import { deadLetterExchange, declareSubscription, failedKey, retryQueue } from './topology.ts'

export interface QueueConsumerOptions extends ConsumerOptions {
  broker: Broker
  batch: number
  concurrency: number
  /** What is done with valid events, inside `tx`. */
  handle: (events: Delivery[], tx: Database) => Promise<AfterCommit>
}

export interface QueueConsumer {
  stop(): Promise<void>
  state(): Promise<QueueState>
  readonly problem: string | undefined
}

interface Incoming extends Arrival {
  channel: ConfirmChannel
  isAlone: boolean
  isAcknowledged: boolean
}

export function startQueueConsumer(options: QueueConsumerOptions): QueueConsumer {
  const { subscription, broker, log, batch, concurrency } = options
  const queue = queueOf(subscription)
  let waiting: Incoming[] = []
  let newest: Date | undefined

  const channel = keepChannel(broker, queue, log, async (opened) => {
    await declareSubscription(opened, subscription)
    await opened.prefetch(2 * batch * concurrency)
    waiting = [] // What the lost channel brought comes again.
    await opened.consume(queue, (message) => {
      if (!message) return void closeChannel(opened) // The queue was deleted: it is declared again.
      const arrival = arrivalOf(message)
      const isAlone = arrival.isSuspect || arrival.attempt > 1
      waiting.push({ ...arrival, channel: opened, isAlone, isAcknowledged: false })
      newest = arrival.publishedAt
      workers.wake()
    })
  })

  const take = takerOf(options)
  const workers = together(
    Array.from({ length: concurrency }, () =>
      startLoop(subscription.name, log, async () => {
        const firstAlone = waiting.findIndex((incoming) => incoming.isAlone)
        const count = firstAlone === -1 ? batch : Math.min(Math.max(firstAlone, 1), batch)
        const incoming = waiting.splice(0, count)
        if (incoming.length === 0) return false
        try {
          await take(incoming)
        } finally {
          const left = incoming.filter((one) => !one.isAcknowledged && one.channel === channel.current)
          waiting.unshift(...left)
        }
        return true
      }),
    ),
  )
  return {
    async stop() {
      await workers.stop()
      await channel.close()
    },
    async state() {
      const depth = waiting.length + ((await channel.current?.checkQueue(queue))?.messageCount ?? 0)
      const lagSeconds = depth > 0 && newest ? (Date.now() - newest.getTime()) / 1000 : 0
      return { subscription: subscription.name, depth, lagSeconds }
    },
    get problem() {
      return workers.problem ?? channel.problem
    },
  }
}

/**
 * Brings events to an end: handled, in a retry queue, or dead. Those that it does not acknowledge are to be taken
 * again: alone after a batch failed, and when it throws, which it does while the database or the broker is away.
 */
function takerOf(options: QueueConsumerOptions) {
  const { subscription, number, database, bus, log, handle, committed } = options
  const labels = { subscription: subscription.name }
  const delaysMs = retryDelaysMs(subscription)
  const { exchange } = subscription.event

  async function take(incoming: Incoming[]): Promise<void> {
    const fit: Incoming[] = []
    for (const one of incoming) {
      const valid = isOurs(one) ? validate(subscription, one.payload) : undefined
      if (!valid) acknowledge(one)
      else if (valid.error === undefined) fit.push(Object.assign(one, { payload: valid.payload }))
      else await die(one, valid.error)
    }
    const [first] = fit
    if (first && (!first.isSuspect || (await mayStart(first)))) await handleOnce(fit)
  }

  /** Other events may share exchange and keys. Messages of other people's programs need not say what they are. */
  function isOurs({ type }: Incoming): boolean {
    return type === undefined || type === eventName(subscription.event)
  }

  /** False for an event that was handled, and for one whose handling was cut off too often. */
  async function mayStart(incoming: Incoming): Promise<boolean> {
    const starts = await noteStart(bus, number, incoming.id)
    if (starts === undefined) acknowledge(incoming)
    else if (starts > mostCutOffs) await die(incoming, cutOff)
    else return true
    return false
  }

  async function handleOnce(incoming: Incoming[]): Promise<void> {
    try {
      const handled = await database.transaction().execute(async (tx) => {
        const ids = incoming.map(({ id }) => id)
        const unhandled = await markHandled(tx, number, ids)
        const events = incoming.filter(({ id }) => unhandled.delete(id)).map(deliveryOf)
        const afterCommit = events.length > 0 ? await handle(events, tx) : undefined
        return () => {
          meters.delivered.inc(labels, events.length)
          committed(tx)
          runAfterCommit(afterCommit, log)
        }
      })
      handled()
      for (const one of incoming) acknowledge(one)
    } catch (error) {
      const [first, second] = incoming
      const isAway = isDatabaseAway(error)
      for (const one of incoming) Object.assign(one, { isAlone: true, isSuspect: one.isSuspect || isAway })
      if (isAway) throw error
      if (first && !second) await failed(first, error)
    }
  }

  async function failed(incoming: Incoming, error: unknown): Promise<void> {
    meters.failed.inc(labels)
    const { id, attempt } = incoming
    const delayMs = delaysMs[attempt - 1]
    log.warn({ err: error, ...labels, event: id, retryInMs: delayMs }, 'an event was not handled')
    if (delayMs === undefined) return die(incoming, describeError(error))
    const queue = retryQueue(queueOf(subscription), delayMs)
    await moveOn(incoming, '', queue, { [header.attempt]: attempt + 1 })
  }

  async function die(incoming: Incoming, error: string): Promise<void> {
    log.error({ ...labels, event: incoming.id, error }, 'an event is dead')
    await moveOn(incoming, deadLetterExchange(exchange), failedKey, {
      [header.subscription]: subscription.name,
      [header.attempt]: incoming.attempt,
      [header.error]: error.slice(0, 2000),
    })
  }

  return take
}

async function moveOn(
  incoming: Incoming,
  exchange: string,
  key: string,
  headers: Record<string, unknown>,
): Promise<void> {
  const { channel, message } = incoming
  await publishConfirmed(channel, exchange, key, message.content, propertiesOf(incoming, headers))
  acknowledge(incoming)
}

function acknowledge(incoming: Incoming): void {
  incoming.isAcknowledged = true
  try {
    incoming.channel.ack(incoming.message)
  } catch {
    // The channel is closed: the message comes again, and is known.
  }
}

function deliveryOf(arrival: Arrival): Delivery {
  const { id, payload, routingKey, publishedAt, traceparent, attempt } = arrival
  return { id, payload, routingKey, publishedAt, traceparent, attempt }
}
