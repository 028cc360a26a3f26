import type { CallError } from '#contracts/errors.ts'
import { ProtocolError } from './decode.ts'

/** What a consumer tells the producer. */
export interface Upstream {
  grant(items: number): void
  cancel(): void
}

type Step = IteratorResult<unknown, undefined>

/**
 * The consumer's end of a stream. Holds at most `window` items; the producer is given room for more as they are
 * taken.
 */
export class IncomingStream implements AsyncIterator<unknown, undefined> {
  deadlineAt = Infinity
  sentAfterWrites = 0
  stopWatching: (() => void) | undefined
  upstream: Upstream | undefined
  readonly #window: number
  readonly #items: unknown[] = []
  readonly #takers: { resolve: (step: Step) => void; reject: (error: CallError) => void }[] = []
  /** Items the producer may still send. */
  #room: number
  /** Items taken that the producer does not know of. */
  #taken = 0
  #isEnded = false
  #error: CallError | undefined

  constructor(window: number) {
    this.#window = window
    this.#room = window
  }

  next(): Promise<Step> {
    if (this.#items.length > 0) {
      const value = this.#items.shift()
      this.#took()
      return Promise.resolve({ done: false, value })
    }
    if (!this.#isEnded) return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }))
    const error = this.#error
    this.#error = undefined
    return error ? Promise.reject(error) : Promise.resolve(ended)
  }

  return(): Promise<Step> {
    this.#items.length = 0
    if (!this.#isEnded) this.upstream?.cancel()
    this.end()
    this.#error = undefined
    return Promise.resolve(ended)
  }

  push(item: unknown): void {
    if (this.#room-- === 0) throw new ProtocolError('more stream items than there was credit for')
    const taker = this.#takers.shift()
    if (!taker) return void this.#items.push(item)
    taker.resolve({ done: false, value: item })
    this.#took()
  }

  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.stopWatching?.()
    for (const taker of this.#takers.splice(0)) taker.resolve(ended)
  }

  /** Items that have arrived are still given out first. */
  fail(error: CallError): void {
    if (this.#isEnded) return
    const [taker] = this.#takers.splice(0, 1)
    if (taker) taker.reject(error)
    else this.#error = error
    this.end()
  }

  #took(): void {
    // One grant for many items.
    if (++this.#taken < this.#window / 2 || this.#isEnded) return
    this.#room += this.#taken
    this.upstream?.grant(this.#taken)
    this.#taken = 0
  }
}

const ended: Step = { done: true, value: undefined }
