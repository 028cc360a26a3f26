import { standardError } from '#contracts/errors.ts'

/** How late a caller may learn that the time is over. */
const precisionMs = 100

export interface Awaited {
  /** Milliseconds since the epoch. */
  deadlineAt: number
  fail: (error: Error) => void
}

/**
 * Fails what is not done at its deadline, so that a caller gets an answer even when a service hangs. One timer
 * watches everything: one for each request would cost more than routing it.
 */
export class Deadlines implements Disposable {
  readonly #awaited = new Set<Awaited>()
  readonly #timer = setInterval(() => this.#failLate(Date.now()), precisionMs)

  watch(awaited: Awaited): void {
    this.#awaited.add(awaited)
  }

  forget(awaited: Awaited): void {
    this.#awaited.delete(awaited)
  }

  #failLate(now: number): void {
    for (const awaited of this.#awaited)
      if (awaited.deadlineAt <= now) {
        this.#awaited.delete(awaited)
        awaited.fail(standardError('deadlineExceeded'))
      }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
