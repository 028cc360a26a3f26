import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { standardError, type CallError } from '#contracts/errors.ts'
import { kinds } from './frame.ts'
import type { InboundCall } from './rpc.ts'
import { RawPeer, startPair, until } from './testing.ts'

const open = { method: 'test.count', input: null, timeoutMs: Infinity }

/** Counts for ever and says how far it got and that it was left. */
function counter() {
  const state = { produced: 0, left: 0 }
  return {
    state,
    async *stream() {
      try {
        for (;;) yield state.produced++
      } finally {
        state.left++
      }
    },
  }
}

test('a slow consumer bounds how far the producer runs', async () => {
  const { state, stream } = counter()
  await using pair = await startPair({ stream }, { limits: { streamWindow: 8 } })
  let taken = 0
  for await (const item of pair.connection.stream(open)) {
    assert.equal(item, taken++)
    await delay(1)
    // Eight on the way or waiting here.
    assert.ok(state.produced <= taken + 8, `${state.produced} produced, ${taken} taken`)
    if (taken === 100) break
  }
  await until(() => state.left === 1)
})

test('a consumer that takes nothing stops the producer at the window', async () => {
  const { state, stream } = counter()
  await using pair = await startPair({ stream })
  const items = pair.connection.stream(open)[Symbol.asyncIterator]()
  await items.next()
  await until(() => state.produced === 32)
  await delay(50)
  assert.equal(state.produced, 32)
  await items.return?.()
  await until(() => state.left === 1)
})

test('a peer that does not read stops the producer long before its credit is used', async () => {
  let produced = 0
  await using pair = await startPair({
    async *stream() {
      for (;;) yield `${produced++} ${'x'.repeat(100_000)}`
    },
  })
  using peer = await RawPeer.connectProven(pair.server.address)
  peer.socket.pause()
  peer.send([kinds.openStream, 1, 'test.count', null, 60_000, null, null, null, 1_000_000])
  await delay(300)
  const producedWhileDeaf = produced
  assert.ok(producedWhileDeaf < 500, `${producedWhileDeaf} items were produced`)
  peer.socket.resume()
  await until(() => produced > producedWhileDeaf + 100)
})

test('a stream ends with its items, or with the error after them', async () => {
  await using pair = await startPair({
    async *stream({ input }: InboundCall) {
      yield 1
      yield 2
      if (input === 'declared') throw standardError('conflict', 'Two is enough')
      if (input === 'bug') throw new Error('secret')
    },
  })
  const collect = async (input: unknown) => {
    const items: unknown[] = []
    try {
      for await (const item of pair.connection.stream({ ...open, input })) items.push(item)
    } catch (error) {
      const { code, message } = error as CallError
      items.push(`${code}: ${message}`)
    }
    return items
  }
  assert.deepEqual(await collect('end'), [1, 2])
  assert.deepEqual(await collect('declared'), [1, 2, 'conflict: Two is enough'])
  assert.deepEqual(await collect('bug'), [1, 2, 'internal: internal'])
  assert.equal(pair.connection.pendingCalls, 0)
})

test('a stream that can not be opened fails at its first item', async () => {
  await using pair = await startPair({
    stream: () => {
      throw standardError('notFound', 'No such stream')
    },
  })
  const first = (input: unknown) => {
    const items = pair.connection.stream({ ...open, input })
    return items[Symbol.asyncIterator]().next()
  }
  await assert.rejects(first(1), { code: 'notFound', message: 'No such stream' })
  await assert.rejects(
    first(() => 1),
    { code: 'invalid' },
  )
})

test('an item that can not be sent ends its stream and lets the generator go', async () => {
  let left = 0
  await using pair = await startPair({
    async *stream() {
      try {
        yield 'good'
        yield 'x'.repeat(5_000_000)
      } finally {
        left++
      }
    },
  })
  const items = pair.connection.stream(open)[Symbol.asyncIterator]()
  assert.equal((await items.next()).value, 'good')
  await assert.rejects(Promise.resolve(items.next()), { code: 'tooLarge' })
  assert.deepEqual(await items.next(), { done: true, value: undefined })
  assert.equal(left, 1)
})

test('leaving, aborting and the deadline each end the producer', async () => {
  const ends: string[] = []
  await using pair = await startPair({
    async *stream({ input, signal }: InboundCall) {
      yield 'opened'
      try {
        await once(signal, 'abort')
      } finally {
        ends.push(`${input} ${signal.reason.code}`)
      }
    },
  })
  const start = async (input: string, other = {}) => {
    const items = pair.connection.stream({ ...open, input, ...other })[Symbol.asyncIterator]()
    assert.equal((await items.next()).value, 'opened')
    return items
  }
  const left = await start('leaving')
  const waiting = left.next()
  await left.return?.()
  assert.deepEqual(await waiting, { done: true, value: undefined })

  const controller = new AbortController()
  const aborted = (await start('aborting', { signal: controller.signal })).next()
  controller.abort()
  await assert.rejects(Promise.resolve(aborted), { code: 'cancelled' })

  const late = (await start('deadline', { timeoutMs: 60 })).next()
  await assert.rejects(Promise.resolve(late), { code: 'deadlineExceeded' })

  await until(() => ends.length === 3)
  assert.match(ends.join(), /^leaving cancelled,aborting cancelled,deadline (cancelled|deadlineExceeded)$/)
  assert.equal(pair.connection.pendingCalls, 0)
})

test('a producer that hears only its return is stopped too', async () => {
  let returned = 0
  await using pair = await startPair({
    stream: () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: () => Promise.resolve({ done: true, value: returned++ }),
      }),
    }),
  })
  const items = pair.connection.stream(open)[Symbol.asyncIterator]()
  void items.next()
  await delay(20)
  await items.return?.()
  await until(() => returned === 1)
  await pair.server.drain(1000)
})

test('a producer whose return fails harms nobody', async () => {
  await using pair = await startPair({
    call: async () => 'fine',
    async *stream() {
      try {
        for (;;) yield 1
      } finally {
        // eslint-disable-next-line no-unsafe-finally
        throw new Error('on the way out')
      }
    },
  })
  for await (const _ of pair.connection.stream(open)) break
  assert.equal(await pair.connection.call({ ...open, timeoutMs: 1000 }), 'fine')
})

test('each iteration opens the stream anew, and several can be taken at once', async () => {
  await using pair = await startPair({
    async *stream() {
      yield* [1, 2, 3]
    },
  })
  const stream = pair.connection.stream(open)
  const collect = async () => {
    const items: unknown[] = []
    for await (const item of stream) items.push(item)
    return items
  }
  assert.deepEqual(await Promise.all([collect(), collect()]), [
    [1, 2, 3],
    [1, 2, 3],
  ])
})

test('items may be asked for before they come', async () => {
  await using pair = await startPair({
    async *stream() {
      yield* [1, 2]
    },
  })
  const items = pair.connection.stream(open)[Symbol.asyncIterator]()
  const steps = await Promise.all([items.next(), items.next(), items.next()])
  assert.deepEqual(
    steps.map(({ value, done }) => [value, done]),
    [
      [1, false],
      [2, false],
      [undefined, true],
    ],
  )
})

test('one stream too many is overloaded, and streams are not counted as calls', async () => {
  const { stream } = counter()
  await using pair = await startPair(
    { stream, call: async () => 'fine' },
    { limits: { maxStreams: 2, maxCalls: 1 } },
  )
  const iterators = [1, 2, 3].map(() => pair.connection.stream(open)[Symbol.asyncIterator]())
  await iterators[0]!.next()
  await iterators[1]!.next()
  await assert.rejects(Promise.resolve(iterators[2]!.next()), { code: 'overloaded', notSent: true })
  assert.equal(await pair.connection.call({ ...open, timeoutMs: 1000 }), 'fine')
})
