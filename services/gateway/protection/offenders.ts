/** Addresses that keep being refused or send what is no HTTP: spam addresses. They are slowed, then blocked for a time. */
import { standardError, type CallError } from '#contracts/errors.ts'
import type { Limit } from '#platform/limits/limits.ts'
import { memoryLimits } from '#platform/limits/memory.ts'
import type { ClientAddress } from './address.ts'

export interface OffenderPolicy {
  /** Offences after which an address is slowed. */
  slowAfter: Limit
  /** What a slowed address may still ask for. */
  slowedTo: Limit
  /** Offences after which it is blocked. */
  blockAfter: Limit
  blockMs: number
}

export interface Offender {
  /** An IPv4 address, or the /64 of an IPv6 one. */
  address: string
  state: 'slowed' | 'blocked'
  /** Milliseconds since the epoch. */
  until: number
}

export interface Offenders {
  /** One more offence. */
  note(address: ClientAddress): void
  /** Why a request is refused, undefined for everyone else. */
  refusal(address: ClientAddress): CallError | undefined
  isBlocked(address: ClientAddress): boolean
  list(): Offender[]
  /** Takes the marks of all gateways together. One that was there the last time, and whose time is not over, was pardoned. */
  take(marks: readonly Offender[]): void
}

export interface OffendersOptions {
  /** Told when an address has become a blocked one. */
  onBlock: () => void
  /** Told of marks made here, of those made again now and then. */
  onMark?: (offender: Offender) => void
  now?: () => number
}

/** Offenders remembered; the one marked longest ago is forgotten for a new one. */
const mostOffenders = 10_000
/** Of its window: a mark that is made again and again is told that often. */
const toldEvery = 0.25

export function createOffenders(
  policy: OffenderPolicy,
  { onBlock, onMark = () => {}, now = Date.now }: OffendersOptions,
): Offenders {
  const offenders = new Map<string, Offender>()
  const counts = memoryLimits(now)
  /** What was last taken and told, by address. */
  let taken = new Map<string, Offender>()
  const told = new Map<string, Offender>()
  /** How often an address was pardoned: its offences before count no more. */
  const pardons = new Map<string, number>()

  function find({ group }: ClientAddress): Offender | undefined {
    if (offenders.size === 0) return undefined
    const offender = offenders.get(group)
    if (!offender || offender.until > now()) return offender
    offenders.delete(group)
    return undefined
  }
  function mark(address: string, state: Offender['state'], forMs: number): void {
    const offender = { address, state, until: now() + forMs }
    remember(offenders, address, offender)
    if (state === 'blocked') onBlock()
    const last = told.get(address)
    if (last?.state === state && offender.until - last.until < forMs * toldEvery) return
    remember(told, address, offender)
    onMark(offender)
  }
  function pardon(address: string): void {
    offenders.delete(address)
    told.delete(address)
    remember(pardons, address, (pardons.get(address) ?? 0) + 1)
  }
  function isWithin(what: string, { group }: ClientAddress, limit: Limit) {
    const key = pardons.size === 0 ? `${what} ${group}` : `${what} ${group} ${pardons.get(group) ?? 0}`
    return counts.take([{ key, ...limit }])
  }

  return {
    note(address) {
      const state = find(address)?.state
      if (state === 'blocked') return
      const isTooMuch = !isWithin('block', address, policy.blockAfter).isAllowed
      if (isTooMuch) mark(address.group, 'blocked', policy.blockMs)
      else if (state || !isWithin('slow', address, policy.slowAfter).isAllowed)
        mark(address.group, 'slowed', policy.slowAfter.windowMs)
    },
    refusal(address) {
      const offender = find(address)
      if (!offender) return undefined
      if (offender.state === 'blocked')
        return standardError('forbidden', 'Blocked for a time: too many refused requests.')
      const { isAllowed, resetMs } = isWithin('ask', address, policy.slowedTo)
      if (isAllowed) return undefined
      const retryAfterSeconds = Math.ceil(resetMs / 1000)
      return standardError('tooManyRequests', 'Slowed: too many refused requests.', { retryAfterSeconds })
    },
    isBlocked: (address) => find(address)?.state === 'blocked',
    list: () => [...offenders.values()].filter(({ until }) => until > now()),
    take(marks) {
      const before = taken
      taken = new Map(marks.map((one) => [one.address, one]))
      for (const { address, until } of before.values())
        if (!taken.has(address) && until > now()) pardon(address)
      const news = marks.filter((one) => one.until > now() && isHarder(one, offenders.get(one.address)))
      for (const one of news) remember(offenders, one.address, one)
      if (news.some(({ state }) => state === 'blocked')) onBlock()
    },
  }
}

function isHarder(one: Offender, other: Offender | undefined): boolean {
  if (one.state !== other?.state) return !other || one.state === 'blocked'
  return one.until > other.until
}

function remember<Value>(map: Map<string, Value>, address: string, value: Value): void {
  map.delete(address)
  const [oldest] = map.keys()
  if (map.size >= mostOffenders) map.delete(oldest!)
  map.set(address, value)
}
