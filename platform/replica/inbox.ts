/** What waits for one consumer. */
export class Inbox<T> {
  readonly #most: number
  readonly #items: T[] = []
  #wake: (() => void) | undefined
  #isOverfull = false

  /** With more than `most` items waiting the consumer's loop ends. */
  constructor(most: number) {
    this.#most = most
  }

  push(item: T): void {
    if (this.#items.length >= this.#most) this.#isOverfull = true
    else this.#items.push(item)
    this.#wake?.()
  }

  /** Until the signal aborts. */
  async *items(signal: AbortSignal): AsyncGenerator<T> {
    const wake = () => this.#wake?.()
    signal.addEventListener('abort', wake)
    try {
      while (!signal.aborted && !this.#isOverfull) {
        while (this.#items.length > 0 && !signal.aborted) yield this.#items.shift()!
        if (signal.aborted || this.#isOverfull) return
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }
}
