/** Circuit breaker: closed → open after too many failures → one probe at a time → closed after enough successes. */
export interface BreakerOptions {
  failures: number
  windowMs: number
  openMs: number
  successesToClose: number
  now?: () => number
}

export const breakerDefaults: BreakerOptions = {
  failures: 5,
  windowMs: 60_000,
  openMs: 30_000,
  successesToClose: 2,
}

export interface Breaker {
  readonly state: 'closed' | 'open' | 'halfOpen'
  /** Milliseconds until a probe may go; 0 unless open. */
  readonly waitMs: number
  /**
   * Asks to do one piece of work. Undefined: refused. Otherwise the caller must say once how it ended;
   * `abandoned` for an end that tells nothing about the other side.
   */
  admit(): ((outcome: 'success' | 'failure' | 'abandoned') => void) | undefined
}

export function createBreaker(options: BreakerOptions = breakerDefaults): Breaker {
  const { failures, windowMs, openMs, successesToClose, now = Date.now } = options
  let failedAt: number[] = []
  let openedAt: number | undefined
  let successes = 0
  let isProbing = false

  const sinceOpened = () => (openedAt === undefined ? Infinity : now() - openedAt)

  function settle(outcome: 'success' | 'failure' | 'abandoned', wasProbe: boolean): void {
    if (wasProbe) isProbing = false
    if (outcome === 'abandoned') return
    if (outcome === 'failure') return wasProbe ? open() : countFailure()
    if (wasProbe && ++successes >= successesToClose) close()
  }

  function countFailure(): void {
    if (openedAt !== undefined) return
    const since = now() - windowMs
    failedAt = [...failedAt.filter((at) => at > since), now()]
    if (failedAt.length >= failures) open()
  }

  function open(): void {
    openedAt = now()
    successes = 0
  }

  function close(): void {
    openedAt = undefined
    failedAt = []
  }

  return {
    get state() {
      if (openedAt === undefined) return 'closed'
      return sinceOpened() < openMs ? 'open' : 'halfOpen'
    },
    get waitMs() {
      return openedAt === undefined ? 0 : Math.max(0, openMs - sinceOpened())
    },
    admit() {
      const isProbe = openedAt !== undefined
      if (isProbe && (sinceOpened() < openMs || isProbing)) return undefined
      if (isProbe) isProbing = true
      let isSettled = false
      return (outcome) => {
        if (isSettled) return
        isSettled = true
        settle(outcome, isProbe)
      }
    },
  }
}
