/** Who may send requests at all. */
import type { IncomingMessage } from 'node:http'
import { standardError, type CallError } from '#contracts/errors.ts'
import { counter, gauge } from '#platform/metrics.ts'
import type { ClientAddress } from './address.ts'
import { createBlocklist, type Blocklist } from './blocklist.ts'
import { createOffenders, type Offender, type Offenders, type OffenderPolicy } from './offenders.ts'
import { rangeTable } from './ranges.ts'
import { faultOf } from './fault.ts'

export interface Senders {
  readonly blocklist: Blocklist
  readonly offenders: Pick<Offenders, 'list' | 'take'>
  isExempt(address: ClientAddress): boolean
  /** Blocked, by the blocklist or as an offender. */
  isUnwanted(address: ClientAddress): boolean
  /** One more offence; those of the exempt don't count. */
  noteOffence(address: ClientAddress): void
  /** Why this request of theirs is refused, undefined when it may go on. */
  refusal(address: ClientAddress, incoming: IncomingMessage): CallError | undefined
}

/** `onUnwanted` is told when addresses may have become unwanted, `onMark` of offenders that were marked here. */
export function createSenders(
  policy: { exempt: readonly string[]; offenders: OffenderPolicy },
  { onUnwanted, onMark }: { onUnwanted: () => void; onMark: (offender: Offender) => void },
): Senders {
  const exempt = rangeTable(policy.exempt.map((range) => [range, true] as const))
  const isExempt = (address: ClientAddress) => exempt.find(address) === true
  const blocklist = createBlocklist(onUnwanted)
  const offenders = createOffenders(policy.offenders, { onBlock: onUnwanted, onMark })
  const noteOffence = (address: ClientAddress) => {
    if (!isExempt(address)) offenders.note(address)
  }
  measure(blocklist, offenders)
  return {
    blocklist,
    offenders,
    isExempt,
    noteOffence,
    isUnwanted: (address) =>
      blocklist.isBlocked(address) || (offenders.isBlocked(address) && !isExempt(address)),
    refusal(address, incoming) {
      if (blocklist.isBlocked(address)) {
        refused.inc({ reason: 'blocklist' })
        return standardError('forbidden', 'This address is blocked.')
      }
      // Another gateway may have marked an address that is exempt here.
      const marked = offenders.refusal(address)
      const offence = marked && isExempt(address) ? undefined : marked
      const refusal = offence ?? faultOf(incoming)
      if (!refusal) return undefined
      noteOffence(address)
      refused.inc({ reason: offence ? 'offender' : 'malformed' })
      return refusal
    },
  }
}

function measure(blocklist: Blocklist, offenders: Offenders): void {
  gauge('dakghar_gateway_blocked_ranges', 'Ranges on the blocklist.', [], (metric) =>
    metric.set(blocklist.size),
  )
  gauge('dakghar_gateway_offenders', 'Addresses marked as offenders.', ['state'], (metric) => {
    const states = offenders.list().map(({ state }) => state)
    for (const state of ['slowed', 'blocked'] as const)
      metric.set({ state }, states.filter((other) => other === state).length)
  })
}

/** Reasons: `blocklist`, `offender`, `malformed`, `limit`, `pipelining`, `overload`. */
export const refused = counter(
  'dakghar_gateway_refused_total',
  'Requests refused before any service saw them.',
  ['reason'],
)
