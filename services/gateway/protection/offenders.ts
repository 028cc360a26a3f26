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
}

/** Offenders remembered; the one marked longest ago is forgotten for a new one. */
const mostOffenders = 10_000

/** `onBlock` is told when an address has become a blocked one. */
export function createOffenders(
  policy: OffenderPolicy,
  onBlock: () => void,
  now: () => number = Date.now,
): Offenders {
  const offenders = new Map<string, Offender>()
  const counts = memoryLimits(now)

  function find({ group }: ClientAddress): Offender | undefined {
    if (offenders.size === 0) return undefined
    const offender = offenders.get(group)
    if (!offender || offender.until > now()) return offender
    offenders.delete(group)
    return undefined
  }
  function mark(address: string, state: Offender['state'], forMs: number): void {
    const [oldest] = offenders.keys()
    if (offenders.size >= mostOffenders) offenders.delete(oldest!)
    offenders.set(address, { address, state, until: now() + forMs })
    if (state === 'blocked') onBlock()
  }
  const isWithin = (what: string, address: ClientAddress, limit: Limit) =>
    counts.take([{ key: `${what} ${address.group}`, ...limit }])

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
  }
}
