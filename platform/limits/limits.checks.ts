import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KeyedLimit, Limits } from './limits.ts'

/** `open` gives counters that the caller may use up, and disposes what they stand on with them. */
export function checkLimits(adapter: string, open: () => Promise<Limits>): void {
  describe(`${adapter} limits`, () => {
    let limits: Limits
    before(async () => {
      limits = await open()
    })
    after(() => limits[Symbol.asyncDispose]())

    test('the use after the last one is refused, and every answer says what is left', async () => {
      const limit = newLimit(3)
      for (const remaining of [2, 1, 0]) {
        const verdict = await limits.take([limit])
        assert.deepEqual([verdict.isAllowed, verdict.remaining, verdict.limit], [true, remaining, limit])
        assert.ok(verdict.resetMs > 0 && verdict.resetMs <= limit.windowMs, String(verdict.resetMs))
      }
      const refused = await limits.take([limit])
      assert.deepEqual([refused.isAllowed, refused.remaining], [false, 0])
      assert.ok(refused.resetMs > 0 && refused.resetMs <= limit.windowMs, String(refused.resetMs))
    })

    test('of uses at the same time exactly as many as the limit pass', async () => {
      for (let round = 0; round < 20; round++) {
        const limit = newLimit(10)
        const verdicts = await Promise.all(Array.from({ length: 30 }, () => limits.take([limit])))
        assert.equal(verdicts.filter(({ isAllowed }) => isAllowed).length, 10)
      }
    })

    test('keys count apart', async () => {
      const [one, other] = [newLimit(1), newLimit(1)]
      assert.equal((await limits.take([one])).isAllowed, true)
      assert.equal((await limits.take([one])).isAllowed, false)
      assert.equal((await limits.take([other])).isAllowed, true)
    })

    test('what one limit refuses uses nothing of the others', async () => {
      const [narrow, wide] = [newLimit(1), newLimit(3)]
      const first = await limits.take([wide, narrow])
      assert.equal(first.limit, narrow)
      for (let i = 0; i < 5; i++) {
        const refused = await limits.take([wide, narrow])
        assert.deepEqual([refused.isAllowed, refused.limit], [false, narrow])
      }
      assert.equal((await limits.take([wide])).remaining, 1)
    })

    test('uses come back when they have left the window, not all at once', async () => {
      const limit = newLimit(2, 600)
      await limits.take([limit])
      await sleep(300)
      await limits.take([limit])
      const refused = await limits.take([limit])
      assert.equal(refused.isAllowed, false)
      await sleep(refused.resetMs + 30)
      assert.equal((await limits.take([limit])).isAllowed, true)
      assert.equal((await limits.take([limit])).isAllowed, false)
    })
  })
}

export function newLimit(uses: number, windowMs = 60_000): KeyedLimit {
  return { key: `test:${randomUUID()}`, uses, windowMs }
}
