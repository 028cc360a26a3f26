import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localTimeText, suggestedTimes } from './send-times.ts'

const shown = (now: string) =>
  suggestedTimes(new Date(now)).map(({ label, time }) => `${label.split('.')[1]} ${localTimeText(time)}`)

test('suggested times lie ahead, each once', () => {
  // A Saturday.
  assert.deepEqual(shown('2026-11-21T09:00:00'), [
    'thisAfternoon 2026-11-21T13:00',
    'tomorrowMorning 2026-11-22T08:00',
    'tomorrowAfternoon 2026-11-22T13:00',
    'mondayMorning 2026-11-23T08:00',
  ])
  assert.deepEqual(shown('2026-11-22T12:45:00'), [
    'tomorrowMorning 2026-11-23T08:00',
    'tomorrowAfternoon 2026-11-23T13:00',
  ])
  assert.ok(shown('2026-11-23T07:00:00').includes('mondayMorning 2026-11-30T08:00'))
})
