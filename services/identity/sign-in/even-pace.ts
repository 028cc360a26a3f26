/** Answers that must not tell by their time what was found. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Of the answers, so many are later than the rest wait for. */
const lateShare = 0.02
const step = 0.05
/** Where it takes longer, others are waited for, whose number varies more than what is to be hidden. */
const longestMs = 200

/**
 * Gives what waits until nearly every answer of its kind would be there. How long that is, it learns from the times
 * themselves: up by a step for each that was late, down by as much of it as keeps the share of late ones.
 */
export function evenPace(): (startedAt: number) => Promise<void> {
  let paceMs = 0
  return async (startedAt) => {
    const tookMs = performance.now() - startedAt
    if (paceMs === 0) paceMs = tookMs * 1.2
    paceMs *= tookMs > paceMs ? 1 + step : 1 - (step * lateShare) / (1 - lateShare)
    paceMs = Math.min(paceMs, longestMs)
    if (tookMs < paceMs) await sleep(Math.ceil(paceMs - tookMs))
  }
}
