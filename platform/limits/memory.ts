import type { KeyedLimit, Limits, Verdict } from './limits.ts'
import { addUse, forgetOld, usesOf, verdictOf, type Runs } from './runs.ts'

export interface MemoryLimits extends Limits {
  take(limits: readonly KeyedLimit[]): Verdict
  /** Counts a use that something else allowed. */
  record(limits: readonly KeyedLimit[]): void
}

/** Keys counted at a time; the one counted longest is forgotten for a new one. About 20 MB when all are in use. */
const mostKeys = 100_000

/** Counts in this process. `now` gives milliseconds. */
export function memoryLimits(now: () => number = Date.now): MemoryLimits {
  const counts = new Map<string, Runs>()

  function runsOf({ key, windowMs }: KeyedLimit, time: number): Runs {
    let runs = counts.get(key)
    if (!runs) {
      for (const oldest of counts.keys()) {
        if (counts.size < mostKeys) break
        counts.delete(oldest)
      }
      counts.set(key, (runs = []))
    }
    forgetOld(runs, windowMs, time)
    return runs
  }

  return {
    take(limits) {
      const time = now()
      const runs = limits.map((limit) => runsOf(limit, time))
      const verdict = verdictOf(
        limits,
        (i) => usesOf(runs[i]!),
        (i) => (runs[i]![1] ?? time) + limits[i]!.windowMs - time,
      )
      if (verdict.isAllowed)
        for (const [i, { windowMs }] of limits.entries()) addUse(runs[i]!, windowMs, time)
      return verdict
    },
    record(limits) {
      const time = now()
      for (const limit of limits) addUse(runsOf(limit, time), limit.windowMs, time)
    },
    async [Symbol.asyncDispose]() {},
  }
}
