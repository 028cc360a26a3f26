import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metrics } from './metrics.ts'
import { timings } from './timings.ts'

test('work is counted by its end and timed in buckets', async () => {
  const help = { total: 'Letters sorted.', seconds: 'Time to sort a letter.' }
  const sorting = timings<'office'>('letter_sort', help, 'result').of({ office: 'Dhaka "GPO"' })
  for (const ms of [0.4, 0.5, 3, 60_000]) sorting.record('ok', ms)
  sorting.record('lost', 20)
  const lines = (await metrics.metrics()).split('\n').filter((line) => line.includes('letter_sort'))
  const office = 'office="Dhaka \\"GPO\\""'
  for (const line of [
    '# TYPE letter_sorts_total counter',
    `letter_sorts_total{${office},result="ok"} 4`,
    `letter_sorts_total{${office},result="lost"} 1`,
    '# TYPE letter_sort_seconds histogram',
    `letter_sort_seconds_bucket{le="0.0005",${office}} 2`,
    `letter_sort_seconds_bucket{le="0.0025",${office}} 2`,
    `letter_sort_seconds_bucket{le="0.005",${office}} 3`,
    `letter_sort_seconds_bucket{le="30",${office}} 4`,
    `letter_sort_seconds_bucket{le="+Inf",${office}} 5`,
    `letter_sort_seconds_count{${office}} 5`,
  ])
    assert.ok(lines.includes(line), `${line} is missing in\n${lines.join('\n')}`)
  const sum = lines.find((line) => line.startsWith(`letter_sort_seconds_sum{${office}}`))
  assert.ok(Math.abs(Number(sum?.split(' ').at(-1)) - 60.0239) < 1e-9, sum)
  assert.equal(timings('letter_sort', help, 'result'), timings('letter_sort', help, 'result'))
})
