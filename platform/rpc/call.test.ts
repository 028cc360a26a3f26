import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import { CallError, standardError } from '#contracts/errors.ts'
import { connectRpc } from './connection.ts'
import { kinds, maxTokens } from './frame.ts'
import type { InboundCall, RpcAddress, RpcSecurity } from './rpc.ts'
import { echo, makeCertificates, RawPeer, sharedKey, startPair, temporaryFolder, until } from './testing.ts'

const call = {
  method: 'test.echo',
  input: { text: 'hello', list: [1, null, { deep: true }] },
  timeoutMs: 2000,
}

const folder = await temporaryFolder()
after(() => folder[Symbol.asyncDispose]())
const certificates = await makeCertificates(folder.path)
const transports: Record<string, { address: RpcAddress; security: RpcSecurity }> = {
  TCP: { address: 'tcp://127.0.0.1:0', security: { sharedKey } },
  'a unix socket': { address: `unix:${join(folder.path, 'rpc.sock')}`, security: { sharedKey } },
  'TLS over TCP': { address: 'tcp://127.0.0.1:0', security: { tls: certificates } },
  'TLS over a unix socket': {
    address: `unix:${join(folder.path, 'rpc-tls.sock')}`,
    security: { tls: { ...certificates, servername: 'peer' } },
  },
}
if (Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === '::1')))
  transports.IPv6 = { address: 'tcp://[::1]:0', security: { sharedKey } }

for (const [name, options] of Object.entries(transports))
  test(`calls and streams work over ${name}`, async () => {
    await using pair = await startPair(
      {
        call: echo,
        async *stream({ input }) {
          for (let i = 0; i < (input as number); i++) yield { i }
        },
      },
      options,
    )
    const inputs = Array.from({ length: 500 }, (_, i) => ({ i, text: 'x'.repeat(i * 50) }))
    assert.deepEqual(
      await Promise.all(inputs.map((input) => pair.connection.call({ ...call, input }))),
      inputs,
    )
    const items: unknown[] = []
    for await (const item of pair.connection.stream({ ...call, input: 100 })) items.push(item)
    assert.deepEqual(
      items,
      Array.from({ length: 100 }, (_, i) => ({ i })),
    )
  })

test('a handler sees everything the caller states', async () => {
  const seen: InboundCall[] = []
  await using pair = await startPair({ call: async (inbound) => void seen.push(inbound) })
  const stated = { traceparent: '00-1-2-01', identityToken: 'token', idempotencyKey: 'key' }
  assert.equal(await pair.connection.call({ ...call, ...stated }), null)
  await pair.connection.call({ method: 'other', input: 1, timeoutMs: 50.5 })
  const [{ method, input, timeoutMs, traceparent, identityToken, idempotencyKey } = assert.fail(), other] =
    seen
  assert.deepEqual(
    { method, input, timeoutMs, traceparent, identityToken, idempotencyKey },
    { ...call, ...stated },
  )
  assert.equal(other?.timeoutMs, 51)
  assert.deepEqual(
    [other?.traceparent, other?.identityToken, other?.idempotencyKey],
    Array(3).fill(undefined),
  )
})

test('a CallError comes back whole', async () => {
  const error = new CallError('outOfStock', 409, {
    detail: 'Two left',
    fields: [{ path: 'items.0', message: 'too many' }],
    retryAfterSeconds: 3,
  })
  await using pair = await startPair({ call: () => Promise.reject(error) })
  await assert.rejects(pair.connection.call(call), (received: CallError) => {
    assert.ok(received instanceof CallError)
    assert.deepEqual({ ...received, message: received.message }, { ...error, message: 'Two left' })
    return true
  })
})

test('any other error leaves as internal, without detail', async () => {
  await using pair = await startPair({
    call({ input }) {
      if (input === 'now') throw new Error('secret')
      return Promise.reject(input === 'nothing' ? undefined : new TypeError('secret'))
    },
  })
  for (const input of ['now', 'later', 'nothing'])
    await assert.rejects(pair.connection.call({ ...call, input }), { code: 'internal', message: 'internal' })
})

test("a method nobody knows is answered by the handler's notFound", async () => {
  await using pair = await startPair({
    call: ({ method }) => Promise.reject(standardError('notFound', `No ${method}`)),
  })
  await assert.rejects(pair.connection.call(call), { code: 'notFound', message: 'No test.echo' })
})

test('a payload that is too large or can not travel fails its own call only', async () => {
  const outputs: Record<string, unknown> = {
    large: 'x'.repeat(20_000),
    circle: [],
    map: new Map(),
    deep: nested(65),
  }
  ;(outputs.circle as unknown[]).push(outputs.circle)
  await using pair = await startPair(
    { call: async ({ input }) => (typeof input === 'string' && input in outputs ? outputs[input] : input) },
    { limits: { maxFrameBytes: 10_000 } },
  )
  const { connection } = pair
  const send = (input: unknown, other = {}) => connection.call({ ...call, input, ...other })
  const neighbour = delay(50).then(() => send('neighbour'))
  const expected: [input: unknown, code: string][] = [
    ['x'.repeat(10_001), 'tooLarge'],
    [outputs.circle, 'invalid'],
    [nested(65), 'invalid'],
    [JSON.parse('{"__proto__":1}'), 'invalid'],
    [() => 1, 'invalid'],
    ['large', 'tooLarge'],
    ['circle', 'internal'],
    ['deep', 'internal'],
    ['map', 'internal'],
  ]
  for (const [input, code] of expected) await assert.rejects(send(input), { code })
  for (const long of [
    { method: 'm'.repeat(257) },
    { idempotencyKey: 'k'.repeat(257) },
    { identityToken: 't'.repeat(4097) },
  ])
    await assert.rejects(send(1, long), { code: 'invalid' })
  assert.deepEqual(await send(nested(64)), nested(64))
  assert.equal(await neighbour, 'neighbour')
  assert.equal(connection.pendingCalls, 0)
})

test('a peer that sends a frame above the maximum is cut', async () => {
  await using pair = await startPair({ call: echo }, { limits: { maxFrameBytes: 10_000 } })
  using peer = await RawPeer.connectProven(pair.server.address)
  peer.send([kinds.call, 1, 'test.echo', 'x'.repeat(10_000), 1000, null, null, null, 0])
  await peer.closed
  assert.deepEqual(await pair.connection.call(call), call.input)
})

test('each identity token is sent once, and the table of them is bounded', async () => {
  await using pair = await startPair({ call: async ({ identityToken }) => identityToken })
  const tokens = Array.from({ length: maxTokens + 10 }, (_, i) => `token ${i} ${'x'.repeat(300)}`)
  const ask = (identityToken: string | undefined) => pair.connection.call({ ...call, identityToken })
  for (const round of [tokens, tokens.slice(-5), tokens.slice(0, 5), tokens.slice(4, 20)])
    for (const token of round) assert.equal(await ask(token), token)
  assert.equal(await ask(undefined), null)

  using peer = await RawPeer.connectProven(pair.server.address)
  peer.send([kinds.token, 0, 'mine'])
  for (const id of [1, 2]) {
    peer.send([kinds.call, id, 'test.echo', 1, 1000, null, 0, null, 0])
    assert.deepEqual(await peer.frame(kinds.answer), [kinds.answer, id, 'mine'])
  }
  peer.send([kinds.call, 3, 'test.echo', 1, 1000, null, 1, null, 0])
  await peer.closed
})

test('a call ends at its deadline on both sides', async () => {
  const aborted = Promise.withResolvers<CallError>()
  await using pair = await startPair({
    async call({ signal, input }) {
      if (input === 'answer') return 'answer'
      signal.addEventListener('abort', () => aborted.resolve(signal.reason))
      return new Promise(() => {})
    },
  })
  const startedAt = performance.now()
  await assert.rejects(pair.connection.call({ ...call, timeoutMs: 100 }), { code: 'deadlineExceeded' })
  const elapsedMs = performance.now() - startedAt
  assert.ok(elapsedMs >= 100 && elapsedMs < 2000, `${elapsedMs} ms`)
  assert.equal((await aborted.promise).name, 'CallError')
  assert.equal(await pair.connection.call({ ...call, input: 'answer' }), 'answer')
  await assert.rejects(pair.connection.call({ ...call, timeoutMs: 0 }), { code: 'deadlineExceeded' })
  await assert.rejects(pair.connection.call({ ...call, timeoutMs: NaN }), { code: 'deadlineExceeded' })
})

test('the server answers deadlineExceeded by itself to a client that does not watch the time', async () => {
  await using pair = await startPair({ call: () => new Promise(() => {}) })
  using peer = await RawPeer.connectProven(pair.server.address)
  peer.send([kinds.call, 1, 'test.echo', 1, 50, null, null, null, 0])
  const [, id, error] = await peer.frame(kinds.failure)
  assert.deepEqual([id, error.code], [1, 'deadlineExceeded'])
})

test("the caller's cancel aborts the signal, even one that is looked at later", async () => {
  const reasons: string[] = []
  const inTime = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  await using pair = await startPair({
    async call(inbound) {
      if (inbound.input === 'early')
        inbound.signal.addEventListener('abort', () => reasons.push(inbound.signal.reason.code))
      inTime.resolve()
      if (inbound.input === 'open the gate') return gate.resolve()
      await gate.promise
      if (inbound.input === 'late') reasons.push(inbound.signal.aborted && inbound.signal.reason.code)
    },
  })
  const controller = new AbortController()
  const calls = ['early', 'late'].map((input) =>
    assert.rejects(pair.connection.call({ ...call, input, signal: controller.signal }), {
      code: 'cancelled',
    }),
  )
  await inTime.promise
  controller.abort()
  await Promise.all(calls)
  // Comes after the cancel.
  await pair.connection.call({ ...call, input: 'open the gate' })
  await until(() => reasons.length === 2)
  assert.deepEqual(reasons, ['cancelled', 'cancelled'])
  await assert.rejects(pair.connection.call({ ...call, signal: AbortSignal.abort() }), { code: 'cancelled' })
})

test('1000 races of cancel and answer: each call ends once, as one or the other', async () => {
  let running = 0
  await using pair = await startPair({
    async call({ input }) {
      running++
      for (let turn = 0; turn < (input as number) % 3; turn++) await nextTurn()
      running--
      return input
    },
  })
  const ends = { answered: 0, cancelled: 0 }
  await Promise.all(
    Array.from({ length: 1000 }, async (_, i) => {
      // In groups, so that the event loop has turns in which some are answered.
      await delay(i / 10)
      const controller = new AbortController()
      const answer = pair.connection.call({ ...call, input: i, signal: controller.signal })
      const abort = delay(i % 3).then(() => controller.abort())
      try {
        assert.equal(await answer, i)
        ends.answered++
      } catch (error) {
        assert.equal((error as CallError).code, 'cancelled')
        ends.cancelled++
      }
      await abort
    }),
  )
  assert.equal(ends.answered + ends.cancelled, 1000)
  assert.ok(ends.answered > 0 && ends.cancelled > 0, JSON.stringify(ends))
  assert.equal(await pair.connection.call({ ...call, input: 3 }), 3)
  assert.deepEqual([running, pair.connection.pendingCalls], [0, 0])
})

test('one call too many at once is overloaded on both sides, and no handler has seen it', async () => {
  let handled = 0
  const release = Promise.withResolvers<void>()
  await using pair = await startPair(
    { call: () => (handled++, release.promise) },
    { limits: { maxCalls: 3 } },
  )
  const running = Array.from({ length: 3 }, () => pair.connection.call(call))
  await assert.rejects(pair.connection.call(call), { code: 'overloaded', notSent: true })
  // This client thinks that more is allowed.
  await using eager = connectRpc({ address: pair.server.address, security: { sharedKey } })
  await eager.ready(1000)
  const more = Array.from({ length: 3 }, () => eager.call(call))
  await assert.rejects(eager.call(call), { code: 'overloaded', notSent: true })
  release.resolve()
  await Promise.all([...running, ...more])
  assert.equal(handled, 6)
})

test('a call that timed out counts as running until its handler is done', async () => {
  const release = Promise.withResolvers<void>()
  await using pair = await startPair(
    { call: async ({ input }) => (input === 'slow' ? release.promise : 'done') },
    { limits: { maxCalls: 1 } },
  )
  await assert.rejects(pair.connection.call({ ...call, input: 'slow', timeoutMs: 30 }), {
    code: 'deadlineExceeded',
  })
  await assert.rejects(pair.connection.call(call), { code: 'overloaded' })
  release.resolve()
  await nextTurn()
  assert.equal(await pair.connection.call(call), 'done')
})

test('a peer that uses an id twice, or sends what only a server sends, is cut', async () => {
  await using pair = await startPair({ call: () => new Promise(() => {}) })
  const request = [kinds.call, 1, 'test.echo', 1, 1000, null, null, null, 0]
  for (const wrong of [request, [kinds.answer, 1, 1], [kinds.welcome, Buffer.alloc(32)], 'text', 7]) {
    using peer = await RawPeer.connectProven(pair.server.address)
    peer.send(request)
    peer.send(wrong)
    await peer.closed
  }
})

test('a client that does not read is given no more work', async () => {
  let handled = 0
  const output = 'x'.repeat(100_000)
  await using pair = await startPair({ call: async () => (handled++, output) })
  using peer = await RawPeer.connectProven(pair.server.address)
  peer.socket.pause()
  for (let id = 1; id <= 2000; id++)
    peer.send([kinds.call, id, 'test.echo', 'y'.repeat(1000), 60_000, null, null, null, 0])
  await delay(300)
  const handledWhileDeaf = handled
  assert.ok(handledWhileDeaf < 1000, `${handledWhileDeaf} calls were handled`)
  peer.socket.resume()
  await until(() => handled === 2000)
})

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)]
}
