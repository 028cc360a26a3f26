/** When a message that could not be delivered is tried again, told of and given up. All in milliseconds. */
const minute = 60_000
const hour = 60 * minute

const waits = [minute, 5 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 4 * hour]
const laterWait = 6 * hour
export const delayNoticeMs = 4 * hour
export const giveUpMs = 5 * 24 * hour

/**
 * After `attempts` that failed, for a message due since `dueAt`. Up to a tenth later than the schedule says, never
 * earlier; not beyond the moments at which the sender is to be told something.
 */
export function nextAttempt(attempts: number, dueAt: number, now: number, random = Math.random): number {
  const wait = waits[attempts - 1] ?? laterWait
  const planned = now + wait * (1 + random() / 10)
  const moments = [dueAt + delayNoticeMs, dueAt + giveUpMs].filter((moment) => moment >= now + minute)
  return Math.min(planned, ...moments)
}

export function isOverdue(dueAt: number, now: number): boolean {
  return now - dueAt >= giveUpMs
}

export function isLate(dueAt: number, now: number): boolean {
  return now - dueAt >= delayNoticeMs
}
