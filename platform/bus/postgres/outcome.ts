/** What becomes of an event: handled, waiting for its next try, or dead. */
import type { Delivery, Subscription } from '#platform/bus/bus.ts'
import { insertDeadLetter } from '#platform/bus/dead-letters.ts'
import {
  cutOff,
  describeError,
  isDatabaseAway,
  mostCutOffs,
  retryDelaysMs,
  runAfterCommit,
  validate,
} from '#platform/bus/handling.ts'
import { meters } from '#platform/bus/meters.ts'
import { eventName } from '#platform/bus/outgoing.ts'
import type { Database } from '#platform/database/database.ts'
import type { Logger } from '#platform/log.ts'
import { takeNoted, type Claims } from './claims.ts'
import type { Waiting } from './deliveries.ts'

export interface ConsumerOptions {
  subscription: Subscription
  /** Its id in `bus.subscriptions`. */
  number: number
  /** The subscribing service's. */
  database: Database
  bus: Database
  log: Logger
  /** Called after the commit of a transaction in which a handler may have published. */
  committed: (tx: Database) => void
}

export interface Outcome {
  /** Gives events that were taken to the handler; those unfit for it die. What it gives is to be called after the commit. */
  handle(tx: Database, events: Waiting[]): Promise<() => void>
  /** Brings an event that was noted to its outcome. */
  handleAlone(event: Waiting): Promise<void>
  /** Throws the error again while the database is away. */
  failed(event: Waiting, error: unknown): Promise<void>
}

/** `wakeDue` is called when an event that failed here comes due. */
export function outcomeOf(options: ConsumerOptions, claims: Claims, wakeDue: () => void): Outcome {
  const { subscription, database, bus, log, committed } = options
  const labels = { subscription: subscription.name }
  const delaysMs = retryDelaysMs(subscription)

  async function handle(tx: Database, events: Waiting[]): Promise<() => void> {
    const deliveries: Delivery[] = []
    for (const event of events) {
      const { payload, error } = validate(subscription, event.payload)
      if (error === undefined) deliveries.push(deliveryOf(event, payload))
      else await insertDeadLetter(tx, deadEvent(subscription, event, error))
    }
    const afterCommit = deliveries.length > 0 ? await subscription.handle(deliveries, tx) : undefined
    return () => {
      meters.delivered.inc(labels, deliveries.length)
      committed(tx)
      runAfterCommit(afterCommit, log)
    }
  }

  async function handleAlone(event: Waiting): Promise<void> {
    if (event.starts - event.failures > mostCutOffs) return bury(event, cutOff)
    try {
      const handled = await database
        .transaction()
        .execute(async (tx) => ((await claims.takeNoted(tx, event)) ? handle(tx, [event]) : undefined))
      handled?.()
    } catch (error) {
      await failed(event, error)
    }
  }

  async function failed(event: Waiting, error: unknown): Promise<void> {
    if (isDatabaseAway(error)) throw error
    meters.failed.inc(labels)
    const delayMs = delaysMs[event.failures]
    log.warn({ err: error, ...labels, event: event.eventId, retryInMs: delayMs }, 'an event was not handled')
    if (delayMs === undefined) return bury(event, describeError(error))
    await claims.postpone(event, delayMs)
    setTimeout(wakeDue, delayMs + 1).unref()
  }

  async function bury(event: Waiting, error: string): Promise<void> {
    log.error({ ...labels, event: event.eventId, error }, 'an event is dead')
    await bus.transaction().execute(async (tx) => {
      if (await takeNoted(tx, event)) await insertDeadLetter(tx, deadEvent(subscription, event, error))
    })
  }

  return { handle, handleAlone, failed }
}

function deliveryOf(event: Waiting, payload: unknown): Delivery {
  const { eventId: id, routingKey, publishedAt, traceparent } = event
  return {
    id,
    payload,
    routingKey,
    publishedAt,
    traceparent: traceparent ?? undefined,
    attempt: event.failures + 1,
  }
}

function deadEvent({ name, event: definition }: Subscription, event: Waiting, error: string) {
  return { ...event, subscription: name, event: eventName(definition), attempts: event.failures + 1, error }
}
