import type { ConsumeMessage, Options } from 'amqplib'
import { v5 as uuidv5, v7 as uuidv7, validate as isUuid } from 'uuid'

/** A message as an event. Other people's programs may have published it. */
export interface Arrival {
  message: ConsumeMessage
  /** Property messageId; a uuid made of it when it is none, a new one when there is none. */
  id: string
  /** Property type, `service.event`. */
  type: string | undefined
  /** Parsed JSON; the text itself when it is not JSON. */
  payload: unknown
  /** That of the first publishing, also on the way back from a retry queue. */
  routingKey: string
  publishedAt: Date
  traceparent: string | undefined
  attempt: number
  /** An earlier delivery was cut off: by the end of the connection, of a process, or by this very event. */
  isSuspect: boolean
}

export const header = {
  attempt: 'x-attempt',
  error: 'x-error',
  routingKey: 'x-routing-key',
  subscription: 'x-subscription',
}

const dayMs = 86_400_000

/** Namespace of ids made from message ids (RFC 9562 §5.5). */
const messageIds = '6f0b3c8e-41d5-4c0a-9a3e-2f6d1f0f7b11'

export function arrivalOf(message: ConsumeMessage): Arrival {
  const { content, fields, properties } = message
  const headers = properties.headers ?? {}
  const { messageId, timestamp } = properties
  return {
    message,
    id: idOf(messageId),
    type: typeof properties.type === 'string' ? text(properties.type) : undefined,
    payload: parse(content),
    routingKey: text(String(headers[header.routingKey] ?? fields.routingKey)),
    publishedAt: timeOf(timestamp),
    traceparent: typeof headers.traceparent === 'string' ? text(headers.traceparent) : undefined,
    attempt: Number(headers[header.attempt]) || 1,
    isSuspect: fields.redelivered,
  }
}

/** Properties under which a message goes on. */
export function propertiesOf(arrival: Arrival, headers: Record<string, unknown>): Options.Publish {
  const { message, id, routingKey, traceparent, publishedAt } = arrival
  return {
    contentType: message.properties.contentType,
    messageId: id,
    ...(arrival.type !== undefined && { type: arrival.type }),
    timestamp: Math.floor(publishedAt.getTime() / 1000),
    headers: {
      ...headers,
      [header.routingKey]: routingKey,
      ...(traceparent !== undefined && { traceparent }),
    },
  }
}

function idOf(messageId: unknown): string {
  if (typeof messageId !== 'string' || messageId === '') return uuidv7()
  return isUuid(messageId) ? messageId.toLowerCase() : uuidv5(messageId, messageIds)
}

/** AMQP 0-9-1 §4.2.5.4: seconds. Now when there is none that makes sense; some programs say milliseconds. */
function timeOf(timestamp: unknown): Date {
  const timeMs = Number(timestamp ?? Number.NaN) * 1000
  return new Date(timeMs > 0 && timeMs < Date.now() + dayMs ? timeMs : Date.now())
}

function parse(content: Buffer): unknown {
  const body = content.toString()
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

/** Postgres takes no NUL in text. */
function text(value: string): string {
  return value.replaceAll('\0', '')
}
