import type { CallError } from '#contracts/errors.ts'
import type { CallFrame, OpenStreamFrame } from './frame.ts'
import type { InboundCall } from './rpc.ts'

/** A call whose caller waits, until it is stopped or answered. */
export class ServedCall implements InboundCall {
  readonly id: number
  readonly method: string
  readonly input: unknown
  readonly timeoutMs: number
  readonly traceparent: string | undefined
  readonly identityToken: string | undefined
  readonly idempotencyKey: string | undefined
  /** On the clock of `performance.now`. */
  readonly deadlineAt: number
  /** Why nobody waits for the answer any more. */
  #stopReason: CallError | undefined
  #controller: AbortController | undefined

  constructor(frame: CallFrame | OpenStreamFrame, identityToken: string | undefined) {
    this.id = frame[1]
    this.method = frame[2]
    this.input = frame[3]
    this.timeoutMs = frame[4]
    this.traceparent = frame[5] ?? undefined
    this.identityToken = identityToken
    this.idempotencyKey = frame[7] ?? undefined
    this.deadlineAt = performance.now() + frame[4]
  }

  get isStopped(): boolean {
    return this.#stopReason !== undefined
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#stopReason) this.#controller.abort(this.#stopReason)
    }
    return this.#controller.signal
  }

  stop(reason: CallError): void {
    this.#stopReason = reason
    this.#controller?.abort(reason)
  }
}
