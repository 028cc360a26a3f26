import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quietUntil } from './quiet-hours.ts'

const night = { from: '22:00', to: '07:00' }
const noon = { from: '12:30', to: '13:15' }

const cases: [
  what: string,
  quiet: typeof night | null,
  zone: string,
  now: string,
  until: string | undefined,
][] = [
  ['none', null, 'Asia/Dhaka', '2026-11-21T17:00:00Z', undefined],
  ['of no length', { from: '07:00', to: '07:00' }, 'Asia/Dhaka', '2026-11-21T01:00:00Z', undefined],
  ['a minute before', night, 'Asia/Dhaka', '2026-11-21T15:59:59Z', undefined],
  ['their first minute', night, 'Asia/Dhaka', '2026-11-21T16:00:00Z', '2026-11-22T01:00:00Z'],
  ['before midnight', night, 'Asia/Dhaka', '2026-11-21T17:59:30Z', '2026-11-22T01:00:00Z'],
  ['after midnight', night, 'Asia/Dhaka', '2026-11-21T18:00:00Z', '2026-11-22T01:00:00Z'],
  ['their last minute', night, 'Asia/Dhaka', '2026-11-22T00:59:59Z', '2026-11-22T01:00:00Z'],
  ['their end', night, 'Asia/Dhaka', '2026-11-22T01:00:00Z', undefined],
  ['within a day', noon, 'Asia/Kolkata', '2026-11-21T07:10:00Z', '2026-11-21T07:45:00Z'],
  ['the night that loses an hour', night, 'Europe/Berlin', '2026-03-28T22:00:00Z', '2026-03-29T05:00:00Z'],
  ['the night that gains one', night, 'Europe/Berlin', '2026-10-24T21:00:00Z', '2026-10-25T06:00:00Z'],
  [
    'ending in the hour left out',
    { from: '22:00', to: '02:30' },
    'America/New_York',
    '2026-03-08T06:30:00Z',
    '2026-03-08T07:00:00Z',
  ],
  [
    'ending in the hour repeated',
    { from: '22:00', to: '01:30' },
    'America/New_York',
    '2026-11-01T05:10:00Z',
    '2026-11-01T05:30:00Z',
  ],
  [
    'the hour repeated once more',
    { from: '22:00', to: '01:30' },
    'America/New_York',
    '2026-11-01T06:10:00Z',
    '2026-11-01T06:30:00Z',
  ],
  [
    'all day but a minute',
    { from: '00:01', to: '00:00' },
    'UTC',
    '2026-11-21T00:01:00Z',
    '2026-11-22T00:00:00Z',
  ],
]

for (const [what, quiet, zone, now, until] of cases)
  test(`quiet hours: ${what}`, () => {
    const found = quietUntil(quiet, zone, new Date(now))
    assert.equal(found?.toISOString(), until && new Date(until).toISOString())
  })
