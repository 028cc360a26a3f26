/** One reading of a stream, sent to everyone who listens at the same place of it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Sequence } from '#contracts/contract.ts'
import { CallError, standardError } from '#contracts/errors.ts'
import type { Logger } from '#platform/log.ts'
import { continueTrace, type TraceContext } from '#platform/trace.ts'
import { doorError } from '#services/gateway/http/problem.ts'
import { Item } from './item.ts'
import type { Subject } from './subject.ts'
import type { Subscription } from './subscription.ts'

/** What a feed remembers, so that who comes back soon, and a feed that catches up, find their place. */
const recentLimits = { items: 64, bytes: 32 * 1024 }
/** How long the services may be unable to give the stream before its subscribers are told. */
const patienceMs = 60_000
/** A reading that went on for so long was a good one. */
const soundAfterMs = 5_000
const retryMs = { least: 50, most: 5_000 }

export class Feed {
  readonly #subject: Subject
  readonly #log: Logger
  readonly #subscriptions = new Set<Subscription>()
  readonly #closing = new AbortController()
  readonly #trace: TraceContext = continueTrace(undefined)
  #recent: Item[] = []
  #recentBytes = 0
  /** The place before the first recent item. */
  #before: Sequence | undefined
  /** Reads what happens now: it began without a place and has never waited for its subscribers. */
  #isCurrent: boolean
  #wake: (() => void) | undefined

  /** Reads on behind `after`; without it, what happens from now on. */
  constructor(subject: Subject, after: Sequence | undefined, log: Logger) {
    this.#subject = subject
    this.#before = after
    this.#isCurrent = after === undefined
    this.#log = log
    void this.#run()
  }

  /** Sequence of the last item, or the place from which it reads. */
  get last(): Sequence | undefined {
    return this.#recent.at(-1)?.sequence ?? this.#before
  }

  /** Takes on who has seen everything up to a place that this feed knows, and sends it what it missed. */
  adopt(subscription: Subscription): boolean {
    const missed = this.#firstBehind(subscription.after)
    if (missed === undefined) return false
    subscription.feed = undefined
    subscription.after ??= this.last
    for (const item of this.#recent.slice(missed)) {
      if (!subscription.hasRoom) return true
      subscription.send(item)
    }
    subscription.feed = this
    this.#subscriptions.add(subscription)
    this.wake()
    return true
  }

  remove(subscription: Subscription): void {
    this.#subscriptions.delete(subscription)
    if (this.#subscriptions.size === 0) this.close()
  }

  /** A subscriber has room again. */
  wake(): void {
    this.#wake?.()
  }

  close(): void {
    this.#subject.forget(this)
    this.#closing.abort(standardError('cancelled'))
    this.#wake?.()
  }

  /** Both have come to the same place: one reading is enough. */
  mergeInto(other: Feed): void {
    if (this.last === other.last && this.#subscriptions.size > other.#subscriptions.size)
      return other.mergeInto(this)
    other.#learnFrom(this)
    const moving = [...this.#subscriptions]
    this.#subscriptions.clear()
    for (const subscription of moving) other.adopt(subscription)
    this.close()
  }

  #learnFrom(other: Feed): void {
    this.#isCurrent ||= other.#isCurrent
    if (this.last !== other.last || this.#recent.length >= other.#recent.length) return
    this.#recent = other.#recent
    this.#recentBytes = other.#recentBytes
    this.#before = other.#before
  }

  /** Whether it gave, or began behind, this item, and remembers what came after. */
  holds(sequence: Sequence | undefined): boolean {
    return sequence !== undefined && this.#firstBehind(sequence) !== undefined
  }

  async #run(): Promise<void> {
    let openedAt = Date.now()
    let soundAt = openedAt
    for (let failures = 0; !this.#closing.signal.aborted; failures++)
      try {
        openedAt = Date.now()
        for await (const value of this.#subject.read(this.last, this.#closing.signal, this.#trace)) {
          failures = 0
          soundAt = Date.now()
          this.#publish(value)
          await this.#someRoom()
          if (this.#closing.signal.aborted) return
        }
        return this.#end()
      } catch (error) {
        if (this.#closing.signal.aborted) return
        if (Date.now() - openedAt > soundAfterMs) [failures, soundAt] = [0, Date.now()]
        if (!isPassing(error) || Date.now() - soundAt > patienceMs) return this.#end(error)
        const longest = Math.min(retryMs.least * 2 ** failures, retryMs.most)
        await delay(Math.random() * longest, undefined, { ref: false })
      }
  }

  #publish(value: unknown): void {
    const item = new Item(value, this.#subject.definition.sequence?.(value))
    for (const subscription of this.#subscriptions)
      if (subscription.hasRoom) subscription.send(item)
      else this.#leaveBehind(subscription)
    item.forgetBytes()
    this.#remember(item)
    this.#subject.meet(this)
  }

  /** Who lags never holds up the others. It resumes by its sequence, or, where there is none, is told to begin anew. */
  #leaveBehind(subscription: Subscription): void {
    this.#subscriptions.delete(subscription)
    subscription.feed = undefined
    if (this.#subject.definition.sequence) return
    subscription.end(
      doorError('tooSlow', 'Items were not taken in time: subscribe again.'),
      this.#trace.traceId,
    )
  }

  #remember(item: Item): void {
    if (item.sequence === undefined) return
    this.#recent.push(item)
    this.#recentBytes += item.sizeBytes
    while (this.#recent.length > recentLimits.items || this.#recentBytes > recentLimits.bytes) {
      const { sequence, sizeBytes } = this.#recent.shift()!
      this.#before = sequence
      this.#recentBytes -= sizeBytes
    }
  }

  /** Where in `#recent` the items behind a place begin. Undefined for a place that is not known. */
  #firstBehind(sequence: Sequence | undefined): number | undefined {
    if (sequence === undefined) return this.#isCurrent ? this.#recent.length : undefined
    const at = this.#recent.findLastIndex((item) => item.sequence === sequence)
    return at >= 0 ? at + 1 : sequence === this.#before ? 0 : undefined
  }

  /** Reads on when a subscriber can take more: back-pressure reaches the service when nobody can. */
  async #someRoom(): Promise<void> {
    while (!this.#closing.signal.aborted && !this.#hasRoom()) {
      this.#isCurrent = false
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    this.#wake = undefined
  }

  #hasRoom(): boolean {
    for (const { hasRoom } of this.#subscriptions) if (hasRoom) return true
    return false
  }

  #end(error?: unknown): void {
    if (error !== undefined && !(error instanceof CallError))
      this.#log.error({ err: error, traceId: this.#trace.traceId }, 'stream failed')
    const visible = error === undefined || error instanceof CallError ? error : standardError('internal')
    const ended = [...this.#subscriptions]
    this.close()
    for (const subscription of ended) subscription.end(visible, this.#trace.traceId)
  }
}

/** Another instance may do better. */
function isPassing(error: unknown): boolean {
  return error instanceof CallError && passing.has(error.code)
}

const passing = new Set(['unavailable', 'overloaded', 'deadlineExceeded', 'cancelled'])
