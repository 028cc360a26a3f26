import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkLimits, newLimit } from './limits.checks.ts'
import { memoryLimits } from './memory.ts'

checkLimits('memory', async () => memoryLimits())

test('no window ever has more uses than the limit, and none is refused a thirtieth of a window late', () => {
  const limit = newLimit(5, 900_000)
  const steps = fc.array(fc.integer({ min: 0, max: 300_000 }), { minLength: 1, maxLength: 80 })
  fc.assert(
    fc.property(steps, (waits) => {
      let now = 1_700_000_000_000
      const limits = memoryLimits(() => now)
      const uses: number[] = []
      const inWindow = (lengthMs: number) => uses.filter((at) => at > now - lengthMs).length
      for (const wait of waits) {
        now += wait
        const { isAllowed, resetMs } = limits.take([limit])
        if (isAllowed) uses.push(now)
        else assert.ok(inWindow(limit.windowMs * (1 + 1 / 30)) >= limit.uses, 'refused too long')
        assert.ok(inWindow(limit.windowMs) <= limit.uses, 'allowed too much')
        assert.ok(resetMs > 0 && resetMs <= limit.windowMs)
      }
    }),
    { numRuns: 300 },
  )
})

test('a refused caller is allowed again exactly at the reset', () => {
  let now = 0
  const limits = memoryLimits(() => now)
  const limit = newLimit(2, 900_000)
  limits.take([limit])
  now += 500_000
  limits.take([limit])
  const { isAllowed, resetMs } = limits.take([limit])
  assert.deepEqual([isAllowed, resetMs], [false, 400_000])
  now += resetMs - 1
  assert.equal(limits.take([limit]).isAllowed, false)
  now += 1
  assert.equal(limits.take([limit]).isAllowed, true)
})

test('more keys than are remembered cost no more memory, and the newest still count', () => {
  const limits = memoryLimits()
  const [first, last] = [newLimit(1), newLimit(1)]
  limits.take([first])
  for (let i = 0; i < 100_000; i++) limits.take([{ key: String(i), uses: 1, windowMs: 60_000 }])
  limits.take([last])
  assert.equal(limits.take([last]).isAllowed, false)
  assert.equal(limits.take([first]).isAllowed, true)
})
