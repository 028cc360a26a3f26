import type { Channel } from 'amqplib'
import type { Subscription } from '#platform/bus/bus.ts'
import { retryDelaysMs } from '#platform/bus/handling.ts'
import { keysOf, queueOf } from '#platform/bus/subscriptions.ts'

/** Where dead messages of every exchange come together, until `bus.dead_letters` has them. */
export const failedQueue = 'failed.queue'
export const failedKey = 'failed'

/**
 * Replicated, on disk, and dead-lettered without loss: a message leaves its queue when the next one has confirmed
 * it (https://www.rabbitmq.com/docs/quorum-queues#dead-lettering, RabbitMQ 3.10).
 */
const safely = {
  'x-queue-type': 'quorum',
  'x-dead-letter-strategy': 'at-least-once',
  'x-overflow': 'reject-publish',
}

/** `notifications.direct` → `notifications.dlx`, `logs_topic` → `logs.dlx`, `shop.events` → `shop.dlx`. */
export function deadLetterExchange(exchange: string): string {
  return `${exchange.replace(/[._](direct|topic|events)$/, '')}.dlx`
}

/** Messages in it come back to the queue after the delay. */
export function retryQueue(queue: string, delayMs: number): string {
  return `${queue}.retry.${delayMs}ms`
}

/** Makes everything the subscription needs, and takes off bindings with former keys. */
export async function declareSubscription(
  channel: Channel,
  subscription: Subscription,
  formerKeys: readonly string[] = [],
): Promise<void> {
  const { exchange, exchangeType } = subscription.event
  const queue = queueOf(subscription)
  const keys = keysOf(subscription)
  await channel.assertExchange(exchange, exchangeType, { durable: true })
  await declareFailed(channel, exchange)
  await channel.assertQueue(queue, {
    durable: true,
    arguments: {
      ...safely,
      'x-dead-letter-exchange': deadLetterExchange(exchange),
      'x-dead-letter-routing-key': failedKey,
      ...(subscription.orderBy && { 'x-single-active-consumer': true }),
    },
  })
  for (const delayMs of new Set(retryDelaysMs(subscription)))
    await channel.assertQueue(retryQueue(queue, delayMs), {
      durable: true,
      arguments: {
        ...safely,
        'x-message-ttl': delayMs,
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': queue,
      },
    })
  for (const key of keys) await channel.bindQueue(queue, exchange, key)
  for (const key of formerKeys) if (!keys.includes(key)) await channel.unbindQueue(queue, exchange, key)
}

/** `exchange`: of whose subscriptions the messages are. */
async function declareFailed(channel: Channel, exchange: string): Promise<void> {
  await channel.assertExchange(deadLetterExchange(exchange), 'direct', { durable: true })
  await channel.assertQueue(failedQueue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  await channel.bindQueue(failedQueue, deadLetterExchange(exchange), failedKey)
}
