import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddress } from './address.ts'
import { createOffenders, type OffenderPolicy } from './offenders.ts'

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
  const offenders = createOffenders(
    policy,
    () => void blocks.told++,
    () => clock.now,
  )
  const offend = (times: number) => {
    for (let i = 0; i < times; i++) offenders.note(address)
  }
  return { clock, blocks, offenders, offend }
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
