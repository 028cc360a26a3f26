import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHashQueue, type Lane } from './hash-queue.ts'

const lanes = {
  known: { running: 2, waiting: 3 },
  new: { running: 2, waiting: 3 },
  suspect: { running: 1, waiting: 2, waitMs: 200 },
}

/** A queue in which every piece of work ends when it is told to. */
function steered(isUnderAttack = () => false) {
  const queue = createHashQueue({ running: 2, lanes, strangersUnderAttack: 1, isUnderAttack })
  const started: { name: string; end: () => void }[] = []
  const add = (lane: Lane, name: string, signal?: AbortSignal) =>
    queue.run(() => new Promise<void>((end) => void started.push({ name, end })), { lane, signal })
  return { queue, started, add, names: () => started.map(({ name }) => name) }
}

const turns = () => new Promise((resolve) => setImmediate(resolve))

test('known devices go first, then those whom nothing speaks against, suspects one at a time', async () => {
  const { started, add, names } = steered()
  const all = [
    add('suspect', 's1'),
    add('suspect', 's2'),
    add('new', 'n1'),
    add('new', 'n2'),
    add('known', 'k1'),
  ]
  assert.deepEqual(names(), ['s1', 'n1'], 's2 waits though there was room')
  for (let next = 0; next < all.length; next++) {
    started[next]!.end()
    await turns()
  }
  assert.deepEqual(names(), ['s1', 'n1', 'k1', 'n2', 's2'])
  await Promise.all(all)
})

test('a full lane refuses, suspects as too many, and leaves room in the others', async () => {
  const { queue, started, add } = steered()
  const suspects = ['s1', 's2', 's3'].map((name) => add('suspect', name))
  await assert.rejects(add('suspect', 's4'), { code: 'tooManyRequests', retryAfterSeconds: 5 })
  assert.throws(() => queue.checkRoom('suspect'), { code: 'tooManyRequests' })
  queue.checkRoom('new')
  const others = ['n1', 'n2', 'n3', 'n4'].map((name) => add('new', name))
  await assert.rejects(add('new', 'n5'), { code: 'overloaded' })
  queue.checkRoom('known')
  for (let next = 0; next < suspects.length + others.length; next++) {
    started[next]!.end()
    await turns()
  }
  await Promise.all([...suspects, ...others])
  queue.checkRoom('suspect')
})

test('whoever gives up while waiting leaves the line; work that fails leaves its place', async () => {
  const { started, add, queue, names } = steered()
  const controller = new AbortController()
  const running = [add('new', 'n1'), add('new', 'n2')]
  const waits = add('known', 'k1', controller.signal)
  controller.abort(new Error('gone'))
  await assert.rejects(waits, /gone/)
  for (const { end } of started) end()
  await Promise.all(running)
  await assert.rejects(
    queue.run(() => Promise.reject(new Error('broken')), { lane: 'new' }),
    /broken/,
  )
  const after = [add('new', 'n3'), add('new', 'n4')]
  assert.deepEqual(names(), ['n1', 'n2', 'n3', 'n4'])
  for (const { end } of started.slice(2)) end()
  await Promise.all(after)
})

test('under attack one place is left to those who are known', async () => {
  let isUnderAttack = true
  const { started, add, names } = steered(() => isUnderAttack)
  const all = [add('new', 'n1'), add('new', 'n2'), add('suspect', 's1'), add('known', 'k1')]
  assert.deepEqual(names(), ['n1', 'k1'])
  isUnderAttack = false
  for (let next = 0; next < all.length; next++) {
    started[next]!.end()
    await turns()
  }
  assert.deepEqual(names(), ['n1', 'k1', 'n2', 's1'])
  await Promise.all(all)
})

test('a suspect who waits too long is sent away', async () => {
  const { started, add, names } = steered()
  const running = [add('new', 'n1'), add('new', 'n2')]
  await assert.rejects(add('suspect', 's1'), { code: 'tooManyRequests' })
  for (const { end } of started) end()
  await Promise.all(running)
  const next = add('suspect', 's2')
  assert.deepEqual(names(), ['n1', 'n2', 's2'])
  started[2]!.end()
  await next
})
