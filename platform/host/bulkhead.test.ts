import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallError } from '#contracts/errors.ts'
import { createBulkhead } from './bulkhead.ts'

test('a bounded number runs, a bounded number waits, the rest is refused', async () => {
  const bulkhead = createBulkhead('shop', { running: 2, waiting: 3 })
  const gate = Promise.withResolvers<void>()
  let most = 0
  const work = async () => {
    most = Math.max(most, bulkhead.running)
    await gate.promise
  }
  const admitted = Array.from({ length: 5 }, () => bulkhead.run(work))
  assert.deepEqual([bulkhead.running, bulkhead.waiting], [2, 3])
  await assert.rejects(bulkhead.run(work), { code: 'overloaded', status: 503, retryAfterSeconds: 1 })
  gate.resolve()
  await Promise.all(admitted)
  await bulkhead.idle()
  assert.deepEqual([bulkhead.running, bulkhead.waiting, most], [0, 0, 2])
})

test('one that waits leaves the line when its signal aborts', async () => {
  const bulkhead = createBulkhead('shop', { running: 1, waiting: 1 })
  const gate = Promise.withResolvers<void>()
  const first = bulkhead.run(() => gate.promise)
  const controller = new AbortController()
  const second = bulkhead.run(async () => assert.fail('must not run'), controller)
  controller.abort(new CallError('cancelled', 499))
  await assert.rejects(second, { code: 'cancelled' })
  assert.equal(bulkhead.waiting, 0)
  gate.resolve()
  await first
})

test('failing work gives its place back', async () => {
  const bulkhead = createBulkhead('shop', { running: 1, waiting: 0 })
  for (let i = 0; i < 3; i++)
    await assert.rejects(
      bulkhead.run(() => Promise.reject(new Error('bug'))),
      /bug/,
    )
  assert.equal(await bulkhead.run(async () => 'well'), 'well')
})
