import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Vacation } from '#contracts/mail/settings.ts'
import { parseMessage } from '../mime/parse.ts'
import { countForward, notYetPassed } from './forwarding.ts'
import { vacationAnswer, type VacationFacts } from './vacation.ts'

const vacation: Vacation = {
  isOn: true,
  from: '2026-07-01T00:00:00Z',
  until: '2026-07-15T00:00:00Z',
  subject: '',
  text: 'Away.',
  onlyContacts: false,
  everyDays: 4,
}
const header =
  'From: Bob <bob@y.example>\r\nTo: Me <ME+tag@x.example>\r\nSubject: Lunch\r\nMessage-ID: <1@y.example>\r\n'

const answer = (lines = '', facts: Partial<VacationFacts> = {}, top = header) =>
  vacationAnswer({
    vacation,
    message: parseMessage(Buffer.from(`${top}${lines}\r\nhello\r\n`)),
    sender: 'bob@y.example',
    ownAddresses: ['me@x.example', 'sales@x.example'],
    isSpam: false,
    now: new Date('2026-07-10T00:00:00Z'),
    ...facts,
  })

test('a person who wrote to the person is answered', () => {
  assert.deepEqual(answer('References: <0@y.example>\r\n'), {
    from: 'me@x.example',
    to: 'bob@y.example',
    subject: 'Auto: Lunch',
    text: 'Away.',
    inReplyTo: ['1@y.example'],
    references: ['0@y.example', '1@y.example'],
    headers: [{ name: 'Auto-Submitted', value: 'auto-replied' }],
  })
  assert.ok(answer('Auto-Submitted: no\r\n'))
  assert.ok(answer('Precedence: first-class\r\n'))
  assert.equal(
    answer('Cc: sales@x.example\r\n', {}, 'From: b@y.example\r\nTo: c@y.example\r\n')?.from,
    'sales@x.example',
  )
  for (const sender of [
    'norbert@y.example',
    'replyer@y.example',
    'postmasters-friend@y.example',
    'no@y.example',
  ])
    assert.ok(answer('', { sender }), sender)
})

test('machines, lists, spam and the person herself never are', () => {
  const automatic = [
    'Auto-Submitted: auto-generated',
    'Auto-Submitted: auto-replied; owner-email="x"',
    'auto-submitted: AUTO-NOTIFIED',
    'List-Id: <l.y.example>',
    'List-Unsubscribe: <mailto:u@y.example>',
    'Precedence: bulk',
    'Precedence: List',
    'X-Auto-Response-Suppress: All',
    'Feedback-ID: 1:2:3:4',
    'Return-Path: <>',
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
  ]
  for (const line of automatic) assert.equal(answer(`${line}\r\n`), undefined, line)
  const senders = [
    '',
    'noreply@y.example',
    'no-reply@y.example',
    'No_Reply+42@y.example',
    'donotreply@y.example',
    'do-not-reply@y.example',
    'MAILER-DAEMON@y.example',
    'postmaster@y.example',
    'owner-list@y.example',
    'list-request@y.example',
    'list-bounces@y.example',
    'bounce+me=x.example@y.example',
    'bounces-7@y.example',
    'SRS0=abc=x=y=z@y.example',
    'me@x.example',
    'Sales+1@x.example',
    'nonsense',
  ]
  for (const sender of senders) assert.equal(answer('', { sender }), undefined, sender)
  assert.equal(answer('', { isSpam: true }), undefined)
  assert.equal(answer('', {}, 'From: b@y.example\r\nTo: somebody@x.example\r\n'), undefined, 'not named')
})

test('nobody is answered before the absence, after it, or when there is none', () => {
  assert.equal(answer('', { now: new Date('2026-06-30T23:59:59Z') }), undefined)
  assert.equal(answer('', { now: new Date('2026-07-15T00:00:00Z') }), undefined)
  assert.equal(answer('', { vacation: { ...vacation, isOn: false } }), undefined)
  assert.ok(answer('', { vacation: { ...vacation, from: null, until: null } }))
})

test('no sender, however odd, takes long or breaks it', () => {
  const begun = performance.now()
  for (const sender of [
    `${'bounces-'.repeat(20_000)}@y.example`,
    `owner-${'-'.repeat(100_000)}@y`,
    '@'.repeat(10_000),
  ])
    answer('', { sender })
  fc.assert(fc.property(fc.string({ maxLength: 40 }), (sender) => void answer('', { sender })))
  assert.ok(performance.now() - begun < 2_000)
})

test('what was passed on counts how often', () => {
  const of = (text: string) =>
    countForward(parseMessage(Buffer.from(`${text}From: a@b.example\r\n\r\n`)).headers)
  assert.equal(of(''), 'X-Dakghar-Forwarded: 1\r\n')
  assert.equal(of('X-Dakghar-Forwarded: 1\r\nX-Dakghar-Forwarded: 4\r\n'), 'X-Dakghar-Forwarded: 5\r\n')
  for (const count of ['10', '99', '-1', 'x', '1e3', ''])
    assert.equal(of(`X-Dakghar-Forwarded: ${count}\r\n`), undefined, count)
  const headers = [{ name: 'delivered-to', value: '<A@b.example>' }]
  assert.deepEqual(notYetPassed(headers, ['a@b.example', 'c@d.example', 'c@d.example']), ['c@d.example'])
})
