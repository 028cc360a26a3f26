import assert from 'node:assert/strict'
import { test } from 'node:test'
import { breakerDefaults, createBreaker } from './breaker.ts'

function clocked() {
  let time = 0
  const breaker = createBreaker({ ...breakerDefaults, now: () => time })
  return { breaker, pass: (ms: number) => (time += ms) }
}

function fail(breaker: ReturnType<typeof createBreaker>, times: number) {
  for (let i = 0; i < times; i++) breaker.admit()?.('failure')
}

test('five failures within a minute open it, four do not', () => {
  const { breaker } = clocked()
  fail(breaker, 4)
  assert.equal(breaker.state, 'closed')
  fail(breaker, 1)
  assert.equal(breaker.state, 'open')
  assert.equal(breaker.admit(), undefined)
  assert.equal(breaker.waitMs, 30_000)
})

test('failures older than a minute do not count', () => {
  const { breaker, pass } = clocked()
  fail(breaker, 4)
  pass(60_001)
  fail(breaker, 4)
  assert.equal(breaker.state, 'closed')
})

test('after 30 s one probe goes at a time, two successes close it', () => {
  const { breaker, pass } = clocked()
  fail(breaker, 5)
  pass(29_999)
  assert.equal(breaker.admit(), undefined)
  pass(1)
  assert.equal(breaker.state, 'halfOpen')
  const first = breaker.admit()
  assert.ok(first)
  assert.equal(breaker.admit(), undefined, 'a second probe waits for the first')
  first('success')
  assert.equal(breaker.state, 'halfOpen')
  breaker.admit()?.('success')
  assert.equal(breaker.state, 'closed')
})

test('a failing probe opens it for another 30 s', () => {
  const { breaker, pass } = clocked()
  fail(breaker, 5)
  pass(30_000)
  breaker.admit()?.('success')
  breaker.admit()?.('failure')
  assert.equal(breaker.state, 'open')
  pass(30_000)
  breaker.admit()?.('success')
  assert.equal(breaker.state, 'halfOpen', 'successes are counted anew')
})

test('an abandoned probe makes room for the next one and counts as nothing', () => {
  const { breaker, pass } = clocked()
  fail(breaker, 5)
  pass(30_000)
  breaker.admit()?.('abandoned')
  assert.ok(breaker.admit())
})

test('saying how a call ended twice counts once', () => {
  const { breaker } = clocked()
  const settle = breaker.admit()
  for (let i = 0; i < 10; i++) settle?.('failure')
  assert.equal(breaker.state, 'closed')
})
