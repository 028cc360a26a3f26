/** Addresses that may not come in at all, as the identity service has them. */
import type { z } from 'zod'
import type { BlockedRange } from '#contracts/identity/protection.ts'
import type { ClientAddress } from './address.ts'
import { rangeTable, type RangeTable } from './ranges.ts'

type Range = z.output<typeof BlockedRange>

export interface Blocklist {
  /** Ranges on it, expired ones included until the list is replaced. */
  readonly size: number
  isBlocked(address: ClientAddress): boolean
  replace(ranges: readonly Range[]): void
}

/** `onReplace` is told after each change. */
export function createBlocklist(onReplace: () => void): Blocklist {
  let table = tableOf([])
  /** Addresses that are in no range of the present table. */
  let innocent = new WeakSet<ClientAddress>()
  return {
    get size() {
      return table.size
    },
    isBlocked(address) {
      if (table.size === 0 || innocent.has(address)) return false
      const now = Date.now()
      if (table.find(address, ({ until }) => until > now)) return true
      innocent.add(address)
      return false
    },
    replace(ranges) {
      table = tableOf(ranges)
      innocent = new WeakSet()
      onReplace()
    },
  }
}

function tableOf(ranges: readonly Range[]): RangeTable<{ until: number }> {
  return rangeTable(
    ranges.map(
      ({ range, expiresAt }) => [range, { until: expiresAt ? Date.parse(expiresAt) : Infinity }] as const,
    ),
  )
}
