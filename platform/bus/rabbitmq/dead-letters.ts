/** Moves what is in `failed.queue` to `bus.dead_letters`, where it is listed, replayed and discarded. */
import type { ConfirmChannel, ConsumeMessage } from 'amqplib'
import { sql } from 'kysely'
import { insertDeadLetter, type DeadEvent } from '#platform/bus/dead-letters.ts'
import { startLoop } from '#platform/bus/loop.ts'
import type { Database } from '#platform/database/database.ts'
import type { Logger } from '#platform/log.ts'
import { closeChannel, keepChannel, type Broker, type LastingChannel } from './connection.ts'
import { arrivalOf, header } from './message.ts'
import { failedQueue } from './topology.ts'

const prefetch = 100

export function keepDeadLetters(
  bus: Database,
  broker: Broker,
  log: Logger,
): Pick<LastingChannel, 'close' | 'problem'> {
  let waiting: ConsumeMessage[] = []
  const setUp = async (opened: ConfirmChannel) => {
    await opened.assertQueue(failedQueue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
    await opened.prefetch(prefetch)
    waiting = []
    await opened.consume(failedQueue, (message) => {
      if (!message) return void closeChannel(opened) // The queue was deleted: it is declared again.
      waiting.push(message)
      mover.wake()
    })
  }
  const channel = keepChannel(broker, failedQueue, log, setUp)
  const mover = startLoop(failedQueue, log, async () => {
    const [message] = waiting
    const { current } = channel
    if (!message || !current) return false
    await bury(bus, message)
    if (waiting[0] === message) {
      waiting.shift()
      current.ack(message)
    }
    return true
  })
  return {
    async close() {
      await mover.stop()
      await channel.close()
    },
    get problem() {
      return mover.problem ?? channel.problem
    },
  }
}

/** A message is dead by our own word, with the error in a header, or by RabbitMQ's, which tells queue and reason. */
async function bury(bus: Database, message: ConsumeMessage): Promise<void> {
  const headers = message.properties.headers ?? {}
  const arrival = arrivalOf(message)
  const queue = String(headers['x-first-death-queue'] ?? '')
  const named = headers[header.subscription]
  const { rows } = await sql<{ name: string; event: string; isHandled: boolean }>`
    select name, event, exists(
      select from bus.handled h where h.subscription = s.id and h.event_id = ${arrival.id} and h.handled_at is not null
    ) as "isHandled"
    from bus.subscriptions s where name = ${named ?? null} or queue = ${queue}`.execute(bus)
  const [subscription] = rows
  if (subscription?.isHandled) return // Another copy was.
  const dead: DeadEvent = {
    subscription: subscription?.name ?? String(named ?? queue),
    event: arrival.type ?? subscription?.event ?? '',
    eventId: arrival.id,
    routingKey: arrival.routingKey,
    payload: arrival.payload,
    traceparent: arrival.traceparent ?? null,
    attempts: arrival.attempt,
    error: String(
      headers[header.error] ?? `dead-lettered by RabbitMQ: ${headers['x-first-death-reason'] ?? 'unknown'}`,
    ),
    publishedAt: arrival.publishedAt,
  }
  await insertDeadLetter(bus, dead)
}
