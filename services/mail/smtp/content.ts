import type { DataFilter } from './data-filter.ts'
import type { SmtpContent } from './policy.ts'

/** Octets that wait for a slow reader before the client is made to wait. */
const roomBytes = 64 * 1024

/** Carries a message from the connection, which writes, to the policy, which reads. */
export class Content implements SmtpContent {
  sizeBytes = 0
  readonly #filter: DataFilter
  #pieces: Buffer[] = []
  #waitingBytes = 0
  #isEnded = false
  #isLeft = false
  #error: Error | undefined
  #wakeReader: (() => void) | undefined
  #wakeWriter: (() => void) | undefined

  constructor(filter: DataFilter) {
    this.#filter = filter
  }

  get hasLongLine(): boolean {
    return this.#filter.hasLongLine
  }

  get isRepaired(): boolean {
    return this.#filter.isRepaired
  }

  write(piece: Buffer): void {
    if (piece.length === 0 || this.#isLeft || this.#error) return
    this.#pieces.push(piece)
    this.#waitingBytes += piece.length
    this.#wakeReader?.()
  }

  /** Resolves when more may be written; undefined where it may be now. */
  room(): Promise<void> | undefined {
    if (this.#waitingBytes < roomBytes || this.#isLeft || this.#error) return undefined
    return new Promise((resolve) => {
      this.#wakeWriter = resolve
    })
  }

  end(): void {
    this.#isEnded = true
    this.#wakeReader?.()
  }

  fail(error: Error): void {
    this.#error ??= error
    this.#forget()
    this.#wakeReader?.()
  }

  /** Nobody reads on; what is written from now on goes nowhere. */
  leave(): void {
    this.#isLeft = true
    this.#forget()
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return {
      next: () => this.#next(),
      return: () => {
        this.leave()
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }

  async #next(): Promise<IteratorResult<Buffer, undefined>> {
    for (;;) {
      if (this.#error) throw this.#error
      const value = this.#pieces.shift()
      if (value) {
        this.#waitingBytes -= value.length
        if (this.#waitingBytes < roomBytes) this.#wakeWriter?.()
        return { done: false, value }
      }
      if (this.#isEnded || this.#isLeft) return { done: true, value: undefined }
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve
      })
    }
  }

  #forget(): void {
    this.#pieces = []
    this.#waitingBytes = 0
    this.#wakeWriter?.()
  }
}
