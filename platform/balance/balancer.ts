/**
 * Shares work between the instances of a service: of two random ones that with less to do gets it. An instance that
 * fails is left alone for a while and comes back slowly.
 */
import type { Outcome } from './breaker.ts'
import { Member, type Balanced, type BalancerOptions, type EndpointTraffic } from './member.ts'
import { RetryBudget } from './retry-budget.ts'

/** One piece of work of an instance, until its end is told. */
export interface Lease<Endpoint, Target> {
  readonly endpoint: Endpoint
  readonly target: Target
  /** Tells early how the work goes, where it may go on for long. The first outcome counts. */
  report(outcome: Outcome): void
  /** Nothing more is to be done; reports the outcome where that has not been told. */
  end(outcome: Outcome): void
}

export class Balancer<Endpoint extends Balanced, Target> implements Disposable {
  readonly retries: RetryBudget
  readonly #options: Required<BalancerOptions<Endpoint, Target>>
  #endpoints: readonly Endpoint[] = []
  #members = new Map<string, Member<Endpoint, Target>>()
  /** Those with a weight. */
  #choosable: Member<Endpoint, Target>[] = []
  #totalWeight = 0

  constructor(options: BalancerOptions<Endpoint, Target>) {
    this.#options = { now: Date.now, ...options }
    this.retries = new RetryBudget(this.#options.now)
  }

  /** Takes the endpoints of this moment. The same array as before changes nothing. */
  update(endpoints: readonly Endpoint[]): void {
    if (endpoints === this.#endpoints) return
    const earlier = this.#members
    const members = endpoints.map((endpoint) => {
      const member = earlier.get(endpoint.id) ?? new Member(endpoint, this.#options, earlier.size > 0)
      member.endpoint = endpoint
      return member
    })
    this.#endpoints = endpoints
    this.#members = new Map(members.map((member) => [member.endpoint.id, member]))
    this.#choosable = members.filter(({ endpoint }) => endpoint.weight > 0)
    this.#totalWeight = this.#choosable.reduce((sum, { endpoint }) => sum + endpoint.weight, 0)
    for (const peers of Map.groupBy(this.#choosable, ({ endpoint }) => endpoint.version).values())
      peers.forEach((member, index) => Object.assign(member, { peers, index }))
    for (const [id, member] of earlier) if (!this.#members.has(id)) member.leave()
  }

  /**
   * An instance that has not been tried; where none is well, one that is ejected or not ready. The same `key` gives
   * the same instance as long as that is well. Undefined when there is none.
   */
  choose(tried: readonly Lease<Endpoint, Target>[] = [], key?: string): Lease<Endpoint, Target> | undefined {
    const member =
      key === undefined
        ? (this.#lessBusyOfTwo(tried) ?? this.#best(tried, leastBusy))
        : this.#best(tried, mostLike(key))
    return member && new Work(member)
  }

  hasOther(tried: readonly Lease<Endpoint, Target>[]): boolean {
    return this.#choosable.some((member) => !isAmong(tried, member))
  }

  /** Everything that work could be sent to, whatever its state. */
  get targets(): Target[] {
    return this.#choosable.map(({ target }) => target)
  }

  snapshot(): EndpointTraffic[] {
    return Array.from(this.#members.values(), (member) => member.snapshot())
  }

  /** Ends with nothing to choose from. */
  [Symbol.dispose](): void {
    this.update([])
  }

  /** The weights decide on the version; its instances share what it gets by what they have to do. */
  #lessBusyOfTwo(tried: readonly Lease<Endpoint, Target>[]): Member<Endpoint, Target> | undefined {
    const one = this.#drawn()
    if (!one) return undefined
    const other = one.randomPeer()
    const isOneFit = one.takesWork() && !isAmong(tried, one)
    if (!other || (isOneFit && one.pending <= other.pending)) return isOneFit ? one : undefined
    if (other.takesWork() && !isAmong(tried, other)) return other
    return isOneFit ? one : undefined
  }

  /** Any by chance, as often as its weight says. */
  #drawn(): Member<Endpoint, Target> | undefined {
    let left = Math.random() * this.#totalWeight
    for (const member of this.#choosable) if ((left -= member.endpoint.weight) < 0) return member
    return this.#choosable[0]
  }

  /** Of those whose state is best, the one with the highest score. */
  #best(
    tried: readonly Lease<Endpoint, Target>[],
    score: (member: Member<Endpoint, Target>) => number,
  ): Member<Endpoint, Target> | undefined {
    const left = this.#choosable.filter((member) => !isAmong(tried, member))
    const scored = left.map((member) => ({ member, state: stateOf(member), score: score(member) }))
    return scored.toSorted((a, b) => b.state - a.state || b.score - a.score)[0]?.member
  }
}

class Work<Endpoint extends Balanced, Target> implements Lease<Endpoint, Target> {
  readonly member: Member<Endpoint, Target>
  readonly #isProbe: boolean
  #isReported = false
  #isEnded = false

  constructor(member: Member<Endpoint, Target>) {
    this.member = member
    this.#isProbe = member.begin()
  }

  get endpoint(): Endpoint {
    return this.member.endpoint
  }

  get target(): Target {
    return this.member.target
  }

  report(outcome: Outcome): void {
    if (this.#isReported) return
    this.#isReported = true
    this.member.report(outcome, this.#isProbe)
  }

  end(outcome: Outcome): void {
    if (this.#isEnded) return
    this.report(outcome)
    this.#isEnded = true
    this.member.end()
  }
}

function isAmong<E extends Balanced, T>(tried: readonly Lease<E, T>[], member: Member<E, T>): boolean {
  for (const work of tried) if ((work as Work<E, T>).member === member) return true
  return false
}

/** Everything is tried before nothing: an instance that fails is better than none. */
function stateOf(member: Member<Balanced, unknown>): number {
  if (!member.isReady) return 0
  return member.isEjected ? 1 : 2
}

function leastBusy({ pending }: Member<Balanced, unknown>): number {
  return -pending
}

/** Weighted rendezvous hashing: when an instance comes or goes, only its own keys move. */
function mostLike(key: string): (member: Member<Balanced, unknown>) => number {
  return ({ endpoint: { id, weight } }) => -weight / Math.log(unitHash(`${key} ${id}`))
}

/** FNV-1a and the finalizer of MurmurHash3, which spreads the last characters: between 0 and 1, neither included. */
function unitHash(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 2 ** 32
}
