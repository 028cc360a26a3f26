/** How a piece of work ended. `abandoned` tells nothing about the other side; `unreachable`: it was not even there. */
export type Outcome = 'success' | 'failure' | 'unreachable' | 'abandoned'

/** Failures in a row, within this time, that open it. */
const failuresToOpen = 5
const windowMs = 60_000
const openMs = 30_000
const successesToClose = 2
/** After `unreachable`: doubled each time in a row, up to `openMs`. */
const firstUnreachableMs = 1_000

/**
 * Circuit breaker: closed → open after five failures in a row, or at once when the other side is unreachable →
 * half open, one probe at a time → closed after two successes.
 */
export class Breaker {
  readonly #now: () => number
  #failedAt: number[] = []
  #openUntil: number | undefined
  #successes = 0
  #probes = 0
  #unreachable = 0

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  get state(): 'closed' | 'open' | 'halfOpen' {
    if (this.#openUntil === undefined) return 'closed'
    return this.#now() < this.#openUntil ? 'open' : 'halfOpen'
  }

  /** When a probe may go, in milliseconds since the epoch; undefined when it is closed. */
  get openUntil(): number | undefined {
    return this.#openUntil
  }

  /** Whether work should be begun now. */
  admits(): boolean {
    return this.#openUntil === undefined || (this.#probes === 0 && this.#now() >= this.#openUntil)
  }

  /** Gives whether the work is a probe, which `end` has to be told. */
  begin(): boolean {
    const isProbe = this.#openUntil !== undefined
    if (isProbe) this.#probes++
    return isProbe
  }

  /** Says, once for each piece of work, how it ended. */
  end(outcome: Outcome, isProbe: boolean): void {
    if (isProbe) this.#probes--
    if (outcome === 'success') this.#succeeded(isProbe)
    else if (outcome === 'unreachable')
      this.#open(Math.min(openMs, firstUnreachableMs * 2 ** this.#unreachable++))
    else if (outcome === 'failure') this.#failed(isProbe)
  }

  #succeeded(isProbe: boolean): void {
    if (this.#openUntil === undefined) {
      if (this.#failedAt.length > 0) this.#failedAt = []
    } else if (isProbe && ++this.#successes >= successesToClose) {
      this.#openUntil = undefined
      this.#failedAt = []
      this.#unreachable = 0
    }
  }

  #failed(isProbe: boolean): void {
    if (isProbe) return this.#open(openMs)
    if (this.#openUntil !== undefined) return
    const now = this.#now()
    this.#failedAt = [...this.#failedAt.filter((at) => at > now - windowMs), now]
    if (this.#failedAt.length >= failuresToOpen) this.#open(openMs)
  }

  #open(forMs: number): void {
    this.#openUntil = this.#now() + forMs
    this.#successes = 0
  }
}
