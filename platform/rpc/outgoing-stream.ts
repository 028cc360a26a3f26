import type { CallError } from '#contracts/errors.ts'
import { kinds } from './frame.ts'
import type { Link } from './link.ts'
import type { ServedCall } from './served-call.ts'

/** The producer's end of a stream: pulls an item only when the consumer has room and the socket takes it. */
export class OutgoingStream {
  readonly id: number
  readonly deadlineAt: number
  readonly #call: ServedCall
  readonly #link: Link
  readonly #stopped = Promise.withResolvers<unknown>()
  #credit: number
  #iterator: AsyncIterator<unknown> | undefined
  #wake: (() => void) | undefined

  constructor(call: ServedCall, link: Link, credit: number) {
    this.id = call.id
    this.deadlineAt = call.deadlineAt
    this.#call = call
    this.#link = link
    this.#credit = credit
  }

  /** Resolves when the items have ended or the stream is stopped; rejects with what making or sending one throws. */
  async run(items: AsyncIterable<unknown>): Promise<void> {
    this.#iterator = items[Symbol.asyncIterator]()
    await Promise.race([this.#pump(this.#iterator), this.#stopped.promise])
  }

  grant(items: number): void {
    this.#credit += items
    this.wake()
  }

  /** Looks again whether an item may be sent. */
  wake(): void {
    this.#wake?.()
  }

  stop(reason: CallError): void {
    this.#call.stop(reason)
    this.#stopped.resolve(this.#close())
    this.wake()
  }

  async #pump(iterator: AsyncIterator<unknown>): Promise<void> {
    while (!this.#call.isStopped) {
      if (this.#credit === 0 || this.#link.isBlocked) {
        await new Promise<void>((resolve) => (this.#wake = resolve))
        continue
      }
      const { done, value } = await iterator.next()
      if (done || this.#call.isStopped) return
      this.#credit--
      try {
        this.#link.send([kinds.item, this.#call.id, value])
      } catch (error) {
        await this.#close()
        throw error
      }
    }
  }

  async #close(): Promise<void> {
    await this.#iterator?.return?.()
  }
}
