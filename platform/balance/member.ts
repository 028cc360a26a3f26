import { Breaker, type Outcome } from './breaker.ts'

export interface Balanced {
  /** Of one start of a process. */
  id: string
  version: string
  /** Share of work relative to the others; 0 gets none. */
  weight: number
}

export interface BalancerOptions<Endpoint, Target> {
  /** Makes what reaches an endpoint that has appeared. */
  open(endpoint: Endpoint): Target
  /** The endpoint has gone and nothing runs on it. */
  close(target: Target): void
  /** Whether work could be sent at this moment. */
  isReady(target: Target): boolean
  /** Milliseconds since the epoch. */
  now?: () => number
}

/** How the work of one endpoint goes, for people. */
export interface EndpointTraffic extends Balanced {
  isReady: boolean
  pending: number
  /** Since the endpoint appeared. */
  requests: number
  failures: number
  /** Milliseconds since the epoch; null when it is not ejected. */
  ejectedUntil: number | null
}

/** A new instance among others, or one that is back, begins with a tenth of its share and has all of it after this. */
const slowStartMs = 10_000
const slowStartShare = 0.1

/** One instance as the balancer knows it. */
export class Member<Endpoint extends Balanced, Target> {
  endpoint: Endpoint
  readonly target: Target
  pending = 0
  /** Those of the same version that get work, and the place among them. */
  peers: readonly this[] = []
  index = 0
  readonly #options: Required<BalancerOptions<Endpoint, Target>>
  readonly #breaker: Breaker
  #requests = 0
  #failures = 0
  /** Undefined: it gets its whole share. */
  #coldSince: number | undefined
  #isLeaving = false

  constructor(endpoint: Endpoint, options: Required<BalancerOptions<Endpoint, Target>>, isCold: boolean) {
    this.endpoint = endpoint
    this.target = options.open(endpoint)
    this.#options = options
    this.#breaker = new Breaker(options.now)
    if (isCold) this.#coldSince = options.now()
  }

  get isReady(): boolean {
    return this.#options.isReady(this.target)
  }

  get isEjected(): boolean {
    return !this.#breaker.admits()
  }

  /** Whether it is well, and, while it starts slowly, whether it is its turn. */
  takesWork(): boolean {
    return this.isReady && !this.isEjected && (this.#coldSince === undefined || Math.random() < this.#share())
  }

  randomPeer(): this | undefined {
    const others = this.peers.length - 1
    if (others < 1) return undefined
    const at = Math.floor(Math.random() * others)
    return this.peers[at < this.index ? at : at + 1]
  }

  /** Gives whether the work is a probe. */
  begin(): boolean {
    this.pending++
    this.#requests++
    return this.#breaker.begin()
  }

  report(outcome: Outcome, isProbe: boolean): void {
    if (outcome === 'failure' || outcome === 'unreachable') this.#failures++
    this.#breaker.end(outcome, isProbe)
    if (isProbe && this.#breaker.state === 'closed') this.#coldSince = this.#options.now()
  }

  end(): void {
    this.pending--
    this.#closeWhenIdle()
  }

  /** Gets no more work. */
  leave(): void {
    this.#isLeaving = true
    this.#closeWhenIdle()
  }

  snapshot(): EndpointTraffic {
    const { id, version, weight } = this.endpoint
    const { isReady, pending } = this
    const ejectedUntil = this.#breaker.openUntil ?? null
    return {
      id,
      version,
      weight,
      isReady,
      pending,
      requests: this.#requests,
      failures: this.#failures,
      ejectedUntil,
    }
  }

  #share(): number {
    const elapsedMs = this.#options.now() - this.#coldSince!
    if (elapsedMs >= slowStartMs) this.#coldSince = undefined
    return Math.max(slowStartShare, elapsedMs / slowStartMs)
  }

  #closeWhenIdle(): void {
    if (this.#isLeaving && this.pending === 0) this.#options.close(this.target)
  }
}
