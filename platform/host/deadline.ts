import { standardError } from '#contracts/errors.ts'
import { forgetDeadline, watchDeadline, type Awaited } from '#platform/deadlines.ts'

/** Between services, unless the caller states another. */
export const insideDeadlineMs = 5_000
/** For requests from outside, unless the contract states another. */
export const outsideDeadlineMs = 30_000

/** How long a piece of work may go on: until its deadline, or until its caller gives up. */
export class TimeLimit implements Awaited {
  readonly deadlineAt: number
  readonly #caller: { signal?: AbortSignal | undefined }
  #controller: AbortController | undefined
  #error: Error | undefined
  #reject: ((error: Error) => void) | undefined
  #onCancel: (() => void) | undefined

  /** `caller.signal` is read, and so perhaps made, when the work asks for its own. */
  constructor(deadlineAt: number, caller: { signal?: AbortSignal | undefined } = {}) {
    this.deadlineAt = deadlineAt
    this.#caller = caller
  }

  /** Aborts with `deadlineExceeded` or `cancelled`. */
  get signal(): AbortSignal {
    return (this.#controller ?? this.#listen()).signal
  }

  throwIfOver(): void {
    if (this.#error) throw this.#error
    if (this.deadlineAt <= Date.now()) throw standardError('deadlineExceeded')
  }

  /**
   * Runs the work and gives its answer, or fails when the time is over: the work is then left to notice. Work that
   * never looks at its signal is not told that its caller gave up.
   */
  bound<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.throwIfOver()
      this.#reject = reject
      watchDeadline(this)
      work().then(
        (answer) => {
          this.#leave()
          resolve(answer)
        },
        (error: Error) => {
          this.#leave()
          reject(error)
        },
      )
    })
  }

  onDeadline(): void {
    this.#end('deadlineExceeded')
  }

  #listen(): AbortController {
    const controller = new AbortController()
    this.#controller = controller
    const { signal } = this.#caller
    if (this.#error) controller.abort(this.#error)
    else if (signal?.aborted) this.#end('cancelled')
    else {
      this.#onCancel = () => this.#end('cancelled')
      signal?.addEventListener('abort', this.#onCancel, { once: true })
    }
    return controller
  }

  #leave(): void {
    forgetDeadline(this)
    if (this.#onCancel) this.#caller.signal?.removeEventListener('abort', this.#onCancel)
  }

  #end(code: 'deadlineExceeded' | 'cancelled'): void {
    this.#error ??= standardError(code)
    this.#controller?.abort(this.#error)
    this.#reject?.(this.#error)
  }
}
