import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import type { GatewaySample } from '#contracts/gateway.ts'
import { healthOf, quantile, watchHealth, type RequestTotals } from './health.ts'

const sample = (
  at: number,
  requests: number,
  durations: Record<string, number> = {},
  errors = 0,
): GatewaySample => ({
  at,
  requests,
  errors,
  durations,
})

test('what two gateways saw at the same time is added up', () => {
  const { gateways, samples } = healthOf([
    [sample(5000, 10, { 5: 10 }), sample(10_000, 20, { 5: 20 }, 1)],
    [sample(10_000, 30, { 10: 30 }, 4)],
  ])
  assert.equal(gateways, 2)
  assert.deepEqual(
    samples.map(({ at, perSecond, errorsPerSecond }) => [Date.parse(at), perSecond, errorsPerSecond]),
    [
      [5000, 2, 0],
      [10_000, 10, 1],
    ],
  )
  // 25 of 50: the fifth of thirty between 5 and 10 ms.
  assert.ok(Math.abs(samples[1]!.medianMs! - (5 + (5 * 5) / 30)) < 1e-9, String(samples[1]!.medianMs))
})

test('a quantile lies within its bucket, and nothing gives none', () => {
  const durations = new Map([
    ['100', 50],
    ['10', 50],
    ['Infinity', 0],
  ])
  assert.equal(quantile(durations, 0.5), 10)
  assert.equal(quantile(durations, 0.75), 55)
  assert.equal(quantile(new Map([['10', 0]]), 0.5), null)
  assert.equal(
    quantile(
      new Map([
        ['10', 0],
        ['Infinity', 3],
      ]),
      0.5,
    ),
    10,
  )
})

test('a slot holds what came since the slot before', async () => {
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: 7_000 })
  try {
    const totals: RequestTotals = { requests: 100, errors: 1, durations: new Map([['5', 100]]) }
    using watch = watchHealth(async () => ({ ...totals, durations: new Map(totals.durations) }))
    await Promise.resolve()
    totals.requests = 130
    totals.errors = 3
    totals.durations.set('5', 120).set('10', 10)
    mock.timers.tick(5_000)
    for (let turns = 0; turns < 10; turns++) await Promise.resolve()
    assert.deepEqual(watch.samples(), [sample(10_000, 30, { 5: 20, 10: 10 }, 2)])
  } finally {
    mock.timers.reset()
  }
})
