import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SessionMemory } from './memory.ts'

const session = (token: string, accountId = `account of ${token}`) => ({
  token,
  identity: { kind: 'account', accountId, sessionId: `session of ${token}`, roles: ['customer'] } as const,
  accountId,
  sessionId: `session of ${token}`,
  confirmedAt: 0,
  expiresAt: Infinity,
})

test('a full memory forgets who was not seen lately, and never holds more than it may', () => {
  const memory = new SessionMemory(3)
  for (const token of ['a', 'b', 'c']) memory.remember(session(token))
  assert.ok(memory.find('a'))
  memory.remember(session('d'))
  assert.equal(memory.size, 3)
  assert.equal(memory.find('b'), undefined)
  for (const token of ['a', 'c', 'd']) assert.ok(memory.find(token), token)
  for (let i = 0; i < 1000; i++) memory.remember(session(`${i}`))
  assert.equal(memory.size, 3)
})

test('a flood of new sessions does not push out one that is in use', () => {
  const memory = new SessionMemory(100)
  memory.remember(session('in use'))
  for (let i = 0; i < 10_000; i++) {
    memory.remember(session(`${i}`))
    if (i % 50 === 0) assert.ok(memory.find('in use'), `after ${i}`)
  }
})

test('an account is forgotten whole, a session alone, and whatever happens the bound and the index hold', () => {
  const token = fc.integer({ min: 0, max: 30 }).map(String)
  const account = fc.integer({ min: 0, max: 5 }).map((i) => `account ${i}`)
  const step = fc.oneof(
    fc.record({ do: fc.constant('remember' as const), token, account }),
    fc.record({ do: fc.constant('find' as const), token, account }),
    fc.record({ do: fc.constant('forgetToken' as const), token, account }),
    fc.record({ do: fc.constant('forgetSession' as const), token, account }),
    fc.record({ do: fc.constant('forgetAccount' as const), token, account }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const memory = new SessionMemory(10)
      for (const { do: what, token, account } of steps) {
        if (what === 'remember') memory.remember(session(token, account))
        if (what === 'forgetToken') memory.forgetToken(token)
        if (what === 'forgetSession') {
          const known = memory.find(token)
          memory.forget(account, `session of ${token}`)
          const isGone = memory.find(token) === undefined
          assert.equal(isGone, known === undefined || known.accountId === account)
        }
        if (what === 'forgetAccount') {
          memory.forget(account, null)
          for (let i = 0; i <= 30; i++) assert.notEqual(memory.find(String(i))?.accountId, account)
        }
        assert.ok(memory.size <= 10)
      }
      for (let i = 0; i <= 5; i++) memory.forget(`account ${i}`, null)
      assert.equal(memory.size, 0)
    }),
    { seed: 7, numRuns: 300 },
  )
})
