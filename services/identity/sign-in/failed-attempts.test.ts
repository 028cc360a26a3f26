import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFailedAttempts, networkOf } from './failed-attempts.ts'

test('one mistake makes nobody suspect; more do, for less and less time', () => {
  let now = 0
  const attempts = createFailedAttempts({ now: () => now })
  attempts.add('a')
  assert.equal(attempts.isSuspect('a'), false)
  attempts.add('a')
  assert.equal(attempts.isSuspect('a'), true)
  assert.equal(attempts.isSuspect('b'), false)
  now = 8 * 60_000
  assert.equal(attempts.isSuspect('a'), false, 'two count less than one by now')
  for (let i = 0; i < 50; i++) attempts.add('a')
  now += 14 * 60_000
  assert.equal(attempts.isSuspect('a'), true)
  now += 60_000
  assert.equal(attempts.isSuspect('a'), false, 'after a quarter of an hour nothing is left')
})

test('no more sources are remembered than may be, the latest', () => {
  const attempts = createFailedAttempts({ most: 10 })
  for (let i = 0; i < 1000; i++) for (let twice = 0; twice < 2; twice++) attempts.add(`${i}`)
  assert.equal(attempts.isSuspect('989'), false)
  assert.equal(attempts.isSuspect('990'), true)
})

test('a network is an IPv4 address or the /64 of an IPv6 one', () => {
  const networks: Record<string, string | undefined> = {
    '203.0.113.9': '203.0.113.9',
    '::ffff:203.0.113.9': '203.0.113.9',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
    '2001:db8:1:2::1': '2001:db8:1:2::/64',
    '': undefined,
    nowhere: undefined,
  }
  for (const [address, network] of Object.entries(networks))
    assert.equal(networkOf(address), network, address)
})

test('many failures a second are an attack, wherever they come from, until they cease', () => {
  let now = 0
  const attempts = createFailedAttempts({ now: () => now })
  for (let i = 0; i < 300; i++) {
    now += 2_000
    attempts.add(`mistyped ${i}`)
  }
  assert.equal(attempts.isUnderAttack(), false)
  for (let i = 0; i < 70; i++) attempts.add(`guessed ${i}`)
  assert.equal(attempts.isUnderAttack(), true)
  now += 60_000
  assert.equal(attempts.isUnderAttack(), false)
})
