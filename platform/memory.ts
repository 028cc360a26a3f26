import type { ServiceContext } from './service.ts'

/**
 * What a service keeps in memory, made when it is first asked for: one for each host that runs the service, whichever
 * call or role asks.
 */
export function memory<T>(make: (context: ServiceContext) => T): (context: ServiceContext) => T {
  const made = new WeakMap<ServiceContext, T>()
  return ({ own }) => {
    const known = made.get(own)
    if (known !== undefined) return known
    const fresh = make(own)
    made.set(own, fresh)
    return fresh
  }
}
