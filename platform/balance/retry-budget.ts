/** Retries may be this share of requests, and a few more for those who ask seldom. */
const shareOfRequests = 0.2
const freePerSecond = 10
const windowMs = 10_000

/** Keeps retries from making an overload worse: when most requests fail, most are not tried again. */
export class RetryBudget {
  readonly #now: () => number
  #since: number
  #requests = 0
  #retries = 0
  /** Of the window before, as if it had been `windowMs` long. */
  #earlier = { requests: 0, retries: 0 }

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#since = now()
  }

  countRequest(): void {
    this.#requests++
  }

  /** Whether one more retry may be made; it is counted then. */
  take(): boolean {
    const elapsedMs = this.#now() - this.#since
    if (elapsedMs >= windowMs) this.#turn(elapsedMs)
    const { requests, retries } = this.#earlier
    const allowed = shareOfRequests * (requests + this.#requests) + (freePerSecond * windowMs) / 1000
    if (retries + this.#retries >= allowed) return false
    this.#retries++
    return true
  }

  #turn(elapsedMs: number): void {
    const scale = windowMs / elapsedMs
    this.#earlier = { requests: this.#requests * scale, retries: this.#retries * scale }
    this.#since += elapsedMs
    this.#requests = 0
    this.#retries = 0
  }
}
