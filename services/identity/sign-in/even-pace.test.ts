import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { evenPace } from './even-pace.ts'

test('answers that were there sooner or later leave together, those that are long late at once', async () => {
  const wait = evenPace()
  const took = async (sinceMs: number) => {
    const startedAt = performance.now() - sinceMs
    await wait(startedAt)
    return performance.now() - startedAt
  }
  for (let i = 0; i < 10; i++) await took(30)
  const [soon, later] = [await took(1), await took(25)]
  assert.ok(soon >= 29 && later >= 29, `${soon} ms, ${later} ms`)
  const before = performance.now()
  await took(1_000)
  assert.ok(performance.now() - before < 20)
})

test('one answer after long waits does not wait as long', async () => {
  const wait = evenPace()
  for (let i = 0; i < 50; i++) await wait(performance.now() - 5_000)
  const startedAt = performance.now()
  await Promise.race([wait(startedAt), sleep(1_000)])
  assert.ok(performance.now() - startedAt < 500)
})
