import type { Sequence, StreamDefinition } from '#contracts/contract.ts'
import type { Answerer } from '#platform/calls.ts'
import type { Identity } from '#platform/identity.ts'
import type { Logger } from '#platform/log.ts'
import type { TraceContext } from '#platform/trace.ts'
import { Feed } from './feed.ts'
import type { Subscription } from './subscription.ts'

/** A stream with its input, as seen by one identity. */
export interface Topic {
  definition: StreamDefinition
  /** Validated, without `after`. */
  input: Record<string, unknown>
  /** In whose name it is read. */
  identity: Identity
}

/** What is read of one topic: one feed for all who are up to date, others for who catches up, until they meet. */
export class Subject {
  readonly definition: StreamDefinition
  readonly #topic: Topic
  readonly #answerer: Answerer
  readonly #log: Logger
  readonly #onUnused: () => void
  readonly #feeds = new Set<Feed>()
  #subscriptions = 0

  constructor(topic: Topic, options: { answerer: Answerer; log: Logger; onUnused: () => void }) {
    this.#topic = topic
    this.definition = topic.definition
    this.#answerer = options.answerer
    this.#log = options.log
    this.#onUnused = options.onUnused
  }

  get feeds(): number {
    return this.#feeds.size
  }

  add(subscription: Subscription): void {
    this.#subscriptions++
    subscription.subject = this
    this.join(subscription)
  }

  remove(): void {
    this.#subscriptions--
    if (this.#subscriptions === 0) this.#onUnused()
  }

  /** Lets it go on where it stands. */
  join(subscription: Subscription): void {
    for (const feed of this.#feeds) if (feed.adopt(subscription)) return
    const feed = new Feed(this, subscription.after, this.#log)
    this.#feeds.add(feed)
    feed.adopt(subscription)
  }

  forget(feed: Feed): void {
    this.#feeds.delete(feed)
  }

  /** After each item of a feed: has it come to where another one is? */
  meet(feed: Feed): void {
    if (this.#feeds.size === 1) return
    for (const other of this.#feeds)
      if (other !== feed && other.holds(feed.last)) return void feed.mergeInto(other)
  }

  read(after: Sequence | undefined, signal: AbortSignal, parent: TraceContext): AsyncIterable<unknown> {
    const { definition, input, identity } = this.#topic
    const resumed = after === undefined ? input : { ...input, after }
    return this.#answerer.stream(definition, resumed, { identity, deadlineAt: Infinity, signal, parent })
  }
}
