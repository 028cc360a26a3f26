import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDate } from './date.ts'
import { formatDate } from './header-lines.ts'

test('reads dates, old forms and common mistakes', () => {
  const cases: [string, string | undefined][] = [
    ['Fri, 21 Nov 1997 09:55:06 -0600', '1997-11-21T15:55:06.000Z'],
    ['21 Nov 97 09:55:06 GMT', '1997-11-21T09:55:06.000Z'],
    ['Fri, 21 Nov 1997 09(comment):   55  :  06 -0600', '1997-11-21T15:55:06.000Z'],
    ['Fri, 21 Nov 1997 09:55 EST', '1997-11-21T14:55:00.000Z'],
    ['Fri, 21 Nov 1997 09:55:06 PDT (Pacific)', '1997-11-21T16:55:06.000Z'],
    ['Fri, 21 Nov 1997 09:55:06 Z', '1997-11-21T09:55:06.000Z'],
    ['Fri, 21 Nov 1997 09:55:06 XYZ', '1997-11-21T09:55:06.000Z'],
    ['Fri, 21 Nov 1997 09:55:06', '1997-11-21T09:55:06.000Z'],
    ['Fri, 21 Nov 1997 09:55:06 +06:00', '1997-11-21T03:55:06.000Z'],
    ['Fri, 21 Nov 1997 09:55:06 0600', '1997-11-21T03:55:06.000Z'],
    ['Fri, 21 Nov 1997 09:55:06 GMT+0600', '1997-11-21T03:55:06.000Z'],
    ['Fri Nov 21 09:55:06 1997', '1997-11-21T09:55:06.000Z'],
    ['21-Nov-1997 09:55:06 +0000', '1997-11-21T09:55:06.000Z'],
    ['1997-11-21 09:55:06 -0600', '1997-11-21T15:55:06.000Z'],
    ['1997-11-21T09:55:06Z', '1997-11-21T09:55:06.000Z'],
    ['1997-11-21T09:55:06.123+06:00', '1997-11-21T03:55:06.000Z'],
    ['Friday, November 21, 1997 9:55:06 PM', '1997-11-21T21:55:06.000Z'],
    ['Fri, 21 Nov 1997 9.55.06 +0000', '1997-11-21T09:55:06.000Z'],
    ['Sat, 02 Feb 0102 11:39:51 +0200', '2002-02-02T09:39:51.000Z'],
    ['Thu, 1 Jan 49 00:00:00 +0000', '2049-01-01T00:00:00.000Z'],
    ['Sat, 31 Dec 2016 23:59:60 +0000', '2016-12-31T23:59:59.000Z'],
    ['Thu, 29 Feb 2024 00:00:00 +0000', '2024-02-29T00:00:00.000Z'],
    ['Wed, 29 Feb 2023 00:00:00 +0000', undefined],
    ['Fri, 21 Nov 1997 09:55:06 -9999', '1997-11-21T09:55:06.000Z'],
    ['Fri, 21 Nov 99999 09:55:06', undefined],
    ['yesterday', undefined],
    ['', undefined],
    ['1'.repeat(5_000), undefined],
  ]
  for (const [value, expected] of cases) assert.equal(parseDate(value)?.toISOString(), expected, value)
})

test('reads what it writes', () => {
  const date = fc.date({ min: new Date('1971-01-01'), max: new Date('2999-01-01'), noInvalidDate: true })
  fc.assert(
    fc.property(date, (at) => {
      at.setUTCMilliseconds(0)
      assert.equal(parseDate(formatDate(at))?.getTime(), at.getTime())
    }),
  )
})

test('nonsense gives no date and no error', () => {
  const word = fc.constantFrom(
    'Fri,',
    '21',
    'Nov',
    '1997',
    '25:61:61',
    '+9999',
    '-0',
    '0102',
    '(',
    'T',
    '1-2-3',
    ':',
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (words) => {
      const at = parseDate(words.join(' '))
      assert.ok(at === undefined || !Number.isNaN(at.getTime()))
    }),
  )
})
