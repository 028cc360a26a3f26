import type { z } from 'zod'
import type { EventDefinition } from '#contracts/contract.ts'
import type { Database } from '#platform/database/database.ts'

/** One event as a subscriber gets it. */
export interface Delivery<Payload = unknown> {
  /** Uuid of the event, v7 when one of us published it: the same at every delivery and to every subscriber. */
  id: string
  payload: Payload
  routingKey: string
  publishedAt: Date
  /** W3C `traceparent` of the publishing call. */
  traceparent: string | undefined
  /** 1 at the first try. */
  attempt: number
}

/**
 * A durable, named queue of events, shared by every instance that serves it. It exists from the first time
 * a process starts it, whether or not somebody runs at the moment.
 */
export interface Subscription<Event extends EventDefinition = EventDefinition> {
  /** `<service>.<whatItDoes>`. On RabbitMQ the queue has this name unless `queue` says otherwise. */
  name: string
  queue?: string
  event: Event
  /** Routing keys wanted, with the topic wildcards `*` (one word) and `#` (any number). All keys of the event unless stated. */
  keys?: readonly string[]
  /** Most events given to one `handle`. 1 unless stated. */
  batch?: number
  /** `handle` calls running at once in one instance. 1 unless stated; always 1, over all instances, with `orderBy`. */
  concurrency?: number
  /** Events with the same ordering key are handled one after another, in the order of publishing. */
  orderBy?: (payload: z.output<Event['schema']>) => string
  /** Wait before each further attempt; then the event is dead. 1 s, 2 s, 4 s unless stated. */
  retryDelaysMs?: readonly number[]
  /**
   * Runs inside `tx`, where the platform also records the events as handled: effects written there happen once.
   * When a batch fails its events are tried one by one, so that one bad event does not fail its neighbours.
   * A function it gives is called once `tx` has committed.
   */
  handle: (deliveries: Delivery<z.output<Event['schema']>>[], tx: Database) => Promise<void | (() => void)>
}

export interface DeadLetter {
  id: string
  subscription: string
  event: string
  routingKey: string
  payload: unknown
  attempts: number
  error: string
  publishedAt: Date
  diedAt: Date
}

/** What waits in the queue of a subscription. */
export interface QueueState {
  subscription: string
  depth: number
  /** Age of the oldest event that waits, 0 when none does. */
  lagSeconds: number
}

export interface DeadLetters {
  list(filter: {
    subscription?: string | undefined
    before?: string | undefined
    limit: number
  }): Promise<DeadLetter[]>
  show(id: string): Promise<DeadLetter | undefined>
  /** Delivers again, counting attempts from one; gives how many were found. */
  replay(ids: readonly string[]): Promise<number>
  /** Removes for good; gives how many were found. */
  discard(ids: readonly string[]): Promise<number>
}

export interface PublishOptions {
  traceparent?: string | undefined
}

export interface Bus extends AsyncDisposable {
  /**
   * Writes the events in the transaction; they are delivered once it commits. Payloads are validated against the event's schema.
   * `tx` is a transaction of the publishing service's `Database`.
   */
  publish<Event extends EventDefinition>(
    tx: Database,
    event: Event,
    payloads: z.input<Event['schema']> | readonly z.input<Event['schema']>[],
    options?: PublishOptions,
  ): Promise<void>
  /**
   * To be called after a transaction that published has committed: its events are delivered now, not up to a second
   * later. For all such transactions when none is stated. Not needed after `emit` and handlers of subscriptions.
   */
  committed(tx?: Database): void
  /**
   * Publishes outside of any other change, with a transaction of its own: resolves when the event is durable.
   * Calls made at the same time share one.
   */
  emit<Event extends EventDefinition>(
    event: Event,
    payload: z.input<Event['schema']>,
    options?: PublishOptions,
  ): Promise<void>
  /** Makes the queues and bindings of all subscriptions, then starts handling. Resolves when events published from now on arrive. */
  subscribe(subscriptions: readonly { subscription: Subscription; database: Database }[]): Promise<void>
  /** Makes queues and bindings of subscriptions that other processes serve, so that nothing published meanwhile is lost. */
  declare(subscriptions: readonly Subscription[]): Promise<void>
  /** Stops taking events and waits for what runs. */
  drain(timeoutMs: number): Promise<void>
  readonly deadLetters: DeadLetters
  /** Of every subscription; of what waits in RabbitMQ, that of the subscriptions of this process. */
  queues(): Promise<QueueState[]>
  /** Undefined when deliveries flow; otherwise what is wrong, for `/ready`. */
  problem(): string | undefined
}
