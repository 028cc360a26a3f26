/** Where wrong passwords came from lately, kept in memory: it only decides who waits for whom. */
import ipaddr from 'ipaddr.js'

export interface FailedAttempts {
  add(source: string): void
  /** More than one mistake lately; anybody may mistype once. */
  isSuspect(source: string): boolean
  /** Wherever from: more than one each second for a while. */
  isUnderAttack(): boolean
}

/** Over this time a failure counts less and less. */
const memoryMs = 15 * 60_000
const attackMs = 60_000
const attackFailures = 60

/** Of the sources, those that failed longest ago are forgotten beyond `most`. */
export function createFailedAttempts({ most = 100_000, now = Date.now } = {}): FailedAttempts {
  const failures = new Map<string, { count: number; at: number }>()
  let all = { count: 0, at: 0 }
  const left = ({ count, at }: typeof all, lifeMs: number) => count * Math.max(0, 1 - (now() - at) / lifeMs)
  const countOf = (source: string) => {
    const known = failures.get(source)
    return known ? left(known, memoryMs) : 0
  }
  return {
    add(source) {
      all = { count: left(all, attackMs) + 1, at: now() }
      const count = countOf(source) + 1
      failures.delete(source)
      failures.set(source, { count, at: now() })
      const [oldest] = failures.keys()
      if (failures.size > most) failures.delete(oldest!)
    },
    isSuspect: (source) => countOf(source) > 1,
    isUnderAttack: () => left(all, attackMs) > attackFailures,
  }
}

/** Of this process. */
export const failedAttempts = createFailedAttempts()

/** Whoever has one address of a /64 has them all (RFC 6177). Undefined for what is no address. */
export function networkOf(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return undefined
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  const network = [...parsed.toByteArray().slice(0, 8), ...Array<number>(8).fill(0)]
  return `${ipaddr.fromByteArray(network).toString()}/64`
}
