import type { DnsAnswer, Lookups } from './resolver.ts'

export interface LookupLimits {
  /** Look-ups in all; those from memory count too. */
  most: number
  /** From now on, for all together. */
  timeoutMs: number
  signal?: AbortSignal | undefined
}

/** The same look-ups for one message: past the limits each one fails. Disposing ends the clock. */
export function limitLookups(
  resolver: Lookups,
  { most, timeoutMs, signal }: LookupLimits,
): Lookups & Disposable {
  const { promise: over, resolve: end } = Promise.withResolvers<DnsAnswer<never>>()
  const failed = (reason: string): DnsAnswer<never> => ({ status: 'failed', records: [], reason })
  const timer = setTimeout(() => end(failed('timeout')), timeoutMs)
  const abort = () => end(failed('aborted'))
  if (signal?.aborted === true) abort()
  else signal?.addEventListener('abort', abort, { once: true })
  let count = 0

  function limited<T>(lookup: (name: string) => Promise<DnsAnswer<T>>) {
    return (name: string): Promise<DnsAnswer<T>> => {
      count++
      return count > most ? Promise.resolve(failed('limit')) : Promise.race([over, lookup(name)])
    }
  }

  return {
    txt: limited(resolver.txt),
    a: limited(resolver.a),
    aaaa: limited(resolver.aaaa),
    mx: limited(resolver.mx),
    ptr: limited(resolver.ptr),
    srv: limited(resolver.srv),
    cname: limited(resolver.cname),
    [Symbol.dispose]() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}
