import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Breaker, type Outcome } from './breaker.ts'

function clocked() {
  let time = 0
  const breaker = new Breaker(() => time)
  const work = (outcome: Outcome, times = 1) => {
    for (let i = 0; i < times; i++) breaker.end(outcome, breaker.begin())
  }
  return { breaker, work, pass: (ms: number) => void (time += ms) }
}

test('five failures in a row open it, four do not', () => {
  const { breaker, work } = clocked()
  work('failure', 4)
  assert.equal(breaker.state, 'closed')
  work('failure')
  assert.equal(breaker.state, 'open')
  assert.equal(breaker.admits(), false)
  assert.equal(breaker.openUntil, 30_000)
})

test('a success in between begins the count anew, what was given up does not', () => {
  const { breaker, work } = clocked()
  work('failure', 4)
  work('success')
  work('failure', 4)
  work('abandoned')
  assert.equal(breaker.state, 'closed')
  work('failure')
  assert.equal(breaker.state, 'open')
})

test('failures older than a minute do not count', () => {
  const { breaker, work, pass } = clocked()
  work('failure', 4)
  pass(60_001)
  work('failure', 4)
  assert.equal(breaker.state, 'closed')
})

test('after 30 s one probe goes at a time, two successes close it', () => {
  const { breaker, work, pass } = clocked()
  work('failure', 5)
  pass(29_999)
  assert.equal(breaker.admits(), false)
  pass(1)
  assert.equal(breaker.state, 'halfOpen')
  assert.equal(breaker.admits(), true)
  const isProbe = breaker.begin()
  assert.equal(breaker.admits(), false, 'a second probe waits for the first')
  breaker.end('success', isProbe)
  assert.equal(breaker.state, 'halfOpen')
  work('success')
  assert.equal(breaker.state, 'closed')
})

test('a failing probe opens it for another 30 s', () => {
  const { breaker, work, pass } = clocked()
  work('failure', 5)
  pass(30_000)
  work('success')
  work('failure')
  assert.equal(breaker.state, 'open')
  pass(30_000)
  work('success')
  assert.equal(breaker.state, 'halfOpen', 'successes are counted anew')
})

test('an abandoned probe makes room for the next one and counts as nothing', () => {
  const { breaker, work, pass } = clocked()
  work('failure', 5)
  pass(30_000)
  work('abandoned')
  assert.equal(breaker.admits(), true)
})

test('what was begun before it opened neither closes nor prolongs it', () => {
  const { breaker, work, pass } = clocked()
  const early = [breaker.begin(), breaker.begin(), breaker.begin()]
  work('failure', 5)
  pass(10_000)
  breaker.end('success', early[0]!)
  breaker.end('success', early[1]!)
  breaker.end('failure', early[2]!)
  assert.equal(breaker.openUntil, 30_000)
})

test('one that can not be reached is left alone at once, longer each time', () => {
  const { breaker, work, pass } = clocked()
  const waits = Array.from({ length: 7 }, () => {
    const before = breaker.openUntil ?? 0
    work('unreachable')
    const waitMs = breaker.openUntil! - before
    pass(waitMs)
    return waitMs
  })
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  work('success', 2)
  work('unreachable')
  assert.equal(breaker.openUntil! - waits.reduce((sum, ms) => sum + ms), 1_000)
})
