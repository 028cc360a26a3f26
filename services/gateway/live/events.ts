/** A stream as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import { Readable } from 'node:stream'
import type { CallError } from '#contracts/errors.ts'
import type { Identity } from '#platform/identity.ts'
import { problemOf } from '#services/gateway/http/problem.ts'
import type { Item } from './item.ts'
import { Subscription } from './subscription.ts'

/** A browser that was cut off comes again after so long. */
const retryMs = 1_000
/** Bytes waiting for the client; more than one item only for a moment. */
const queuedBytes = 64 * 1024

/** The body of an answer. It ends when the client's session does, when the stream is over, or when the gateway stops. */
export class EventStream extends Readable {
  readonly identity: Identity
  readonly subscription: EventSubscription

  constructor(identity: Identity) {
    super({ highWaterMark: queuedBytes })
    this.identity = identity
    this.subscription = new EventSubscription(this)
    this.push(`retry: ${retryMs}\n\n`)
  }

  /** A comment, so that nobody on the way takes the connection for dead. */
  beat(): void {
    if (!this.subscription.isOver && this.readableLength === 0) this.push(':\n\n')
  }

  /** The client has room again. */
  override _read(): void {
    const { subscription } = this
    if (subscription.hasRoom) return
    subscription.hasRoom = true
    subscription.wake()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.subscription.leave()
    done(error)
  }

  end(): void {
    if (this.subscription.isOver) return
    this.subscription.leave()
    this.push(null)
  }
}

class EventSubscription extends Subscription {
  hasRoom = true
  readonly #events: EventStream

  constructor(events: EventStream) {
    super()
    this.#events = events
  }

  deliver(item: Item): void {
    this.hasRoom = this.#events.push(item.event)
  }

  /** An event of its own kind: `error` is what a browser calls a broken connection. */
  end(error?: CallError, traceId = ''): void {
    if (this.isOver) return
    const event = error
      ? `event: problem\ndata: ${JSON.stringify(problemOf(error, traceId))}\n\n`
      : 'event: end\ndata:\n\n'
    this.#events.push(event)
    this.#events.end()
  }
}
