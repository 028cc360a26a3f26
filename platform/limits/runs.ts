import type { KeyedLimit, Verdict } from './limits.ts'

/**
 * Uses of one key as runs, oldest first: when the first use of the run was, when its last, how many there were. A run
 * leaves the window with its last use, so none is forgotten too early.
 */
export type Runs = number[]

/** Runs of one window: a run takes uses for a thirtieth of it. */
export const runsPerWindow = 30

export function usesOf(runs: Runs): number {
  let uses = 0
  for (let i = 2; i < runs.length; i += 3) uses += runs[i]!
  return uses
}

export function forgetOld(runs: Runs, windowMs: number, now: number): void {
  let old = 0
  while (old < runs.length && runs[old + 1]! <= now - windowMs) old += 3
  if (old > 0) runs.splice(0, old)
}

export function addUse(runs: Runs, windowMs: number, now: number): void {
  const newest = runs.length - 3
  if (newest >= 0 && now - runs[newest]! < windowMs / runsPerWindow) {
    runs[newest + 1] = now
    runs[newest + 2]! += 1
  } else runs.push(now, now, 1)
}

/** What `take` answers when each limit has so many uses and its first come back after so many milliseconds. */
export function verdictOf(
  limits: readonly KeyedLimit[],
  uses: (index: number) => number,
  resetMs: (index: number) => number,
): Verdict {
  let tightest: Verdict | undefined
  for (const [index, limit] of limits.entries()) {
    const left = limit.uses - uses(index)
    const isAllowed = left > 0
    // The use itself takes one.
    const verdict = { isAllowed, limit, remaining: Math.max(0, left - 1), resetMs: resetMs(index) }
    if (!tightest || isTighter(verdict, tightest)) tightest = verdict
  }
  return tightest!
}

function isTighter(one: Verdict, other: Verdict): boolean {
  if (one.isAllowed !== other.isAllowed) return !one.isAllowed
  return one.isAllowed ? one.remaining < other.remaining : one.resetMs > other.resetMs
}
