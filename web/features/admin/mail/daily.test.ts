import assert from 'node:assert/strict'
import { test } from 'node:test'
import { daily } from './daily.ts'

test('days without a report count nothing, and reports of one day are added up', () => {
  const rows = [
    { day: '2026-11-20', name: 'pass', count: 3 },
    { day: '2026-11-20', name: 'pass', count: 4 },
    { day: '2026-11-21', name: 'fail', count: 1 },
    { day: '2026-10-01', name: 'pass', count: 99 },
  ]
  const { times, values } = daily(rows, 3, Date.parse('2026-11-22T09:00:00Z'))
  assert.deepEqual(
    times.map((time) => new Date(time).toISOString().slice(0, 10)),
    ['2026-11-20', '2026-11-21', '2026-11-22'],
  )
  assert.deepEqual(values('pass'), [7, 0, 0])
  assert.deepEqual(values('fail'), [0, 1, 0])
})
