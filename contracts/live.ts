/**
 * The live door: contract streams over one WebSocket, `/api/live`. Messages are JSON texts. A client subscribes, is
 * sent items, and grants credit as it takes them. Whoever was cut off connects again and states, for each stream, the
 * last sequence it saw.
 */
import { z } from 'zod'
import { Problem } from './problem.ts'

export const livePath = '/api/live'

/** Items a subscription may be sent before the client grants credit. */
export const liveWindow = 256

export const liveLimits = {
  /** Of a client's message. */
  messageBytes: 16 * 1024,
  /** Open at once on one socket. */
  subscriptions: 100,
  /** From one client between two heartbeats. */
  messages: 3000,
} as const

/** How often each side asks for a sign of life. A server cuts who has not answered by the next time. */
export const liveHeartbeatMs = 30_000

/** Why a server closes a socket (RFC 6455 §7.4), and what a client does about it. */
export const liveCloseCodes = {
  /** The gateway stops: connect again, to another one. */
  goingAway: 1001,
  /** A message is not of this protocol: a mistake of the client, not to be repeated. */
  malformed: 4400,
  /** The session has ended or is another one now: ask who you are (`GET /api/me`), then connect again. */
  sessionEnded: 4401,
  /** Nothing was taken for half a minute: connect again and resume. */
  tooSlow: 4408,
  /** Too many messages: connect again later. */
  tooManyMessages: 4429,
} as const

/** Chosen by the client, for one subscription of one socket. Counting up from 1 lets sockets share frames. */
const SubscriptionId = z.int().min(0).max(0xffff_ffff)
const SequenceValue = z.union([z.string().max(1024), z.number()])

export const ClientMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('subscribe'),
    id: SubscriptionId,
    /** `service.stream` */
    stream: z.string().max(200),
    input: z.record(z.string(), z.unknown()).default({}),
    /** Sequence of the last item seen. Without it the stream begins with what happens from now on. */
    after: SequenceValue.optional(),
  }),
  z.object({
    type: z.literal('credit'),
    id: SubscriptionId,
    /** Items taken since the last grant. */
    items: z.int().min(1).max(liveWindow),
  }),
  z.object({ type: z.literal('unsubscribe'), id: SubscriptionId }),
  /** For browsers, which can't send a WebSocket ping. */
  z.object({ type: z.literal('ping') }),
])

export const ServerMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('item'),
    id: SubscriptionId,
    /** Left out by a stream that can't be resumed. */
    sequence: SequenceValue.optional(),
    item: z.unknown(),
  }),
  /** The stream is over. */
  z.object({ type: z.literal('end'), id: SubscriptionId }),
  z.object({
    type: z.literal('error'),
    id: SubscriptionId,
    /** Why the subscription ended. */
    problem: Problem,
  }),
  z.object({ type: z.literal('pong') }),
])

export type ClientMessage = z.output<typeof ClientMessage>
export type ServerMessage = z.output<typeof ServerMessage>
