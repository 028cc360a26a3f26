import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddress } from './address.ts'
import { createOffenders, type Offender, type OffenderPolicy } from './offenders.ts'

const policy: OffenderPolicy = {
  slowAfter: { uses: 3, windowMs: 60_000 },
  slowedTo: { uses: 2, windowMs: 10_000 },
  blockAfter: { uses: 6, windowMs: 60_000 },
  blockMs: 300_000,
}
const address = parseAddress('203.0.113.9')!
const other = parseAddress('203.0.113.10')!

function scene() {
  const clock = { now: 1_700_000_000_000 }
  const blocks = { told: 0 }
  const marks: Offender[] = []
  const offenders = createOffenders(policy, {
    onBlock: () => void blocks.told++,
    onMark: (offender) => void marks.push(offender),
    now: () => clock.now,
  })
  const offend = (times: number) => {
    for (let i = 0; i < times; i++) offenders.note(address)
  }
  return { clock, blocks, marks, offenders, offend }
}

test('an address that keeps being refused may ask less, and others are as before', () => {
  const { offenders, offend } = scene()
  offend(3)
  assert.deepEqual(offenders.list(), [])
  for (let i = 0; i < 10; i++) assert.equal(offenders.refusal(address), undefined)
  offend(1)
  assert.deepEqual(
    offenders.list().map(({ address: text, state }) => [text, state]),
    [['203.0.113.9', 'slowed']],
  )
  const refusals = Array.from({ length: 4 }, () => offenders.refusal(address)?.status)
  assert.deepEqual(refusals, [undefined, undefined, 429, 429])
  assert.equal(offenders.refusal(address)!.retryAfterSeconds, 10)
  assert.equal(offenders.refusal(other), undefined)
})

test('one that goes on is blocked for a time, and everybody is told once', () => {
  const { clock, blocks, offenders, offend } = scene()
  offend(20)
  assert.equal(blocks.told, 1)
  assert.equal(offenders.isBlocked(address), true)
  assert.equal(offenders.refusal(address)!.status, 403)
  assert.equal(offenders.list()[0]!.until, clock.now + policy.blockMs)
  clock.now += policy.blockMs
  assert.equal(offenders.isBlocked(address), false)
  assert.equal(offenders.refusal(address), undefined)
  assert.deepEqual(offenders.list(), [])
})

test('one that behaves is forgotten', () => {
  const { clock, offenders, offend } = scene()
  offend(4)
  clock.now += policy.slowAfter.windowMs
  for (let i = 0; i < 5; i++) assert.equal(offenders.refusal(address), undefined)
  offend(3)
  assert.deepEqual(offenders.list(), [])
})

test('addresses of one /64 are one offender', () => {
  const { offenders } = scene()
  for (let i = 1; i <= 8; i++) offenders.note(parseAddress(`2001:db8:1:2::${i}`)!)
  assert.equal(offenders.isBlocked(parseAddress('2001:db8:1:2:ffff::1')!), true)
  assert.equal(offenders.isBlocked(parseAddress('2001:db8:1:3::1')!), false)
})

test('a mark that another gateway made counts here, and the harder one of two', () => {
  const { clock, blocks, marks, offenders, offend } = scene()
  const until = clock.now + 60_000
  offenders.take([{ address: address.group, state: 'blocked', until }])
  assert.deepEqual([offenders.isBlocked(address), blocks.told], [true, 1])
  offenders.take([{ address: address.group, state: 'slowed', until: until + 60_000 }])
  assert.equal(offenders.isBlocked(address), true)
  assert.deepEqual(marks, [], 'it is not told again')
  offenders.take([{ address: address.group, state: 'blocked', until: clock.now - 1 }])
  clock.now = until
  assert.equal(offenders.isBlocked(address), false)
  offend(20)
  offenders.take([])
  assert.equal(offenders.isBlocked(address), true, 'what was marked here and is not told yet stays')
})

test('who is pardoned begins anew', () => {
  const { clock, offenders, offend } = scene()
  offend(6)
  const marks = offenders.list()
  offenders.take(marks)
  offenders.take([])
  assert.deepEqual(offenders.list(), [])
  offend(3)
  assert.deepEqual(offenders.list(), [])
  offend(1)
  assert.equal(offenders.list()[0]?.state, 'slowed')
  clock.now += policy.slowAfter.windowMs
  assert.deepEqual(offenders.list(), [])
})

test('a mark is told when it is made and now and then while it is made again', () => {
  const { clock, marks, offend } = scene()
  offend(4)
  assert.deepEqual(
    marks.map(({ state }) => state),
    ['slowed'],
  )
  clock.now += policy.slowAfter.windowMs / 2
  offend(1)
  clock.now += 1_000
  offend(1)
  assert.equal(marks.length, 2)
  offend(1)
  assert.equal(marks.at(-1)!.state, 'blocked')
})
