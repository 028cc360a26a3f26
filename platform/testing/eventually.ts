import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until it is so, and gives the milliseconds that took. Fails when it does not come true in time. */
export async function eventually(
  isSo: () => boolean | Promise<boolean>,
  timeoutMs = 5_000,
  what = isSo.toString(),
): Promise<number> {
  const startedAt = performance.now()
  while (!(await isSo())) {
    assert.ok(performance.now() - startedAt < timeoutMs, `not within ${timeoutMs} ms: ${what}`)
    await sleep(5)
  }
  return performance.now() - startedAt
}
