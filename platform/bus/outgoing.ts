import { v7 as uuidv7 } from 'uuid'
import { prettifyError } from 'zod'
import type { EventDefinition } from '#contracts/contract.ts'
import type { PublishOptions } from './bus.ts'

/** An event on its way out: validated, with its id, payload as JSON. */
export interface Outgoing {
  id: string
  event: string
  exchange: string
  exchangeType: 'topic' | 'direct'
  routingKey: string
  payload: string
  traceparent: string | null
}

/** AMQP 0-9-1 §4.2.5.3: short strings have at most 255 octets. Postgres takes no NUL in text. */
const routingKeyLimitBytes = 255

/** Throws when a payload does not fit the event's schema. */
export function prepare(
  event: EventDefinition,
  payloads: readonly unknown[],
  options: PublishOptions = {},
): Outgoing[] {
  return payloads.map((payload) => {
    const parsed = event.schema.safeParse(payload)
    if (!parsed.success) throw new TypeError(`${eventName(event)}: ${prettifyError(parsed.error)}`)
    const routingKey = event.routingKey(parsed.data)
    if (Buffer.byteLength(routingKey) > routingKeyLimitBytes || routingKey.includes('\0'))
      throw new TypeError(`${eventName(event)}: "${routingKey}" can't be a routing key`)
    return {
      id: uuidv7(),
      event: eventName(event),
      exchange: event.exchange,
      exchangeType: event.exchangeType,
      routingKey,
      payload: JSON.stringify(parsed.data),
      traceparent: options.traceparent ?? null,
    }
  })
}

/** `service.event`: AMQP property `type`. */
export function eventName(event: EventDefinition): string {
  return `${event.service}.${event.name}`
}
