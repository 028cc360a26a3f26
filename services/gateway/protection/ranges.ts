import { parseRange, type ClientAddress } from './address.ts'

/** Ranges of addresses. A look-up costs one step for each prefix length there is, however many ranges there are. */
export interface RangeTable<Value> {
  readonly size: number
  /** What stands for a range that the address is in and `isWanted` takes. */
  find(address: ClientAddress, isWanted?: (value: Value) => boolean): Value | undefined
}

/** Of pairs of `203.0.113.9`, `203.0.113.0/24` or `2001:db8::/32` and what stands for it. Throws for another text. */
export function rangeTable<Value>(
  entries: Iterable<readonly [range: string, value: Value]>,
): RangeTable<Value> {
  /** By the number of bits that are not compared, then by those that are. */
  const tables = new Map<bigint, Map<bigint, Value[]>>()
  let size = 0
  for (const [range, value] of entries) {
    const { bits, length } = parseRange(range)
    const free = BigInt(128 - length)
    const table = tables.get(free) ?? new Map<bigint, Value[]>()
    tables.set(free, table)
    const prefix = bits >> free
    table.set(prefix, [...(table.get(prefix) ?? []), value])
    size++
  }
  return {
    size,
    find({ bits }, isWanted = () => true) {
      for (const [free, table] of tables) {
        const found = table.get(bits >> free)?.find(isWanted)
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}
