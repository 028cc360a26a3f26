import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { connectRpc } from './connection.ts'
import { kinds, protocolVersion } from './frame.ts'
import { hmac } from './handshake.ts'
import type { InboundCall, RpcAddress } from './rpc.ts'
import { encodeFrame, RawPeer, sharedKey, startPair } from './testing.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const cases = 10_000
/** More than any of them is entitled to: calls of the fuzz end within 100 ms. */
const patienceMs = 5000
/** The heap after warming up and after all cases may differ by this. */
const heapMarginBytes = 8 * 1024 * 1024

const nonce = Buffer.alloc(32, 'n')
const payload = {
  service: 'shop',
  list: [1, -1, 1e9, 0.5, null, true, 'text', 'é€𝄞', Buffer.from('bytes')],
  nested: { a: { b: { c: [[[['deep']]]] } } },
  long: 'x'.repeat(300),
}

const strangers = [
  [kinds.hello, protocolVersion, nonce],
  [kinds.proof, protocolVersion, nonce, nonce],
  [kinds.welcome, nonce],
  [kinds.call, 1, 'test.echo', payload, 100, null, null, null, 0],
  [kinds.ping],
]
const friends = [
  [kinds.token, 0, 'token'],
  [kinds.call, 1, 'test.echo', payload, 100, '00-1-2-01', 0, 'key', 0],
  [kinds.call, 2, 'test.echo', payload, 100, null, null, null, 0],
  [kinds.call, 2 ** 31 - 1, 'test.slow', payload, 100, null, null, null, 0],
  [kinds.openStream, 3, 'test.count', payload, 100, null, null, null, 8],
  [kinds.credit, 3, 4],
  [kinds.cancel, 2],
  [kinds.ping],
  [kinds.pong],
  [kinds.answer, 1, payload],
  [kinds.failure, 1, { code: 'conflict', status: 409, detail: 'text' }, false],
  [kinds.item, 3, payload],
  [kinds.end, 3],
  [kinds.goAway],
]

const handler = {
  async call({ method, input, signal }: InboundCall) {
    if (method === 'test.slow') await once(signal, 'abort')
    return input
  },
  async *stream({ input }: InboundCall) {
    for (let i = 0; i < 20; i++) yield input
  },
}

test(
  `${cases} mutated frames to a server: nothing crashes, hangs or stays`,
  { timeout: 120_000 },
  async () => {
    await using pair = await startPair(handler)
    const { address } = pair.server
    const attack = (seed: number) =>
      seed % 2 === 0
        ? attackAs(() => RawPeer.connect(address), strangers, seed)
        : attackAs(() => RawPeer.connectProven(address), friends, seed)
    await inParallel(0, 1000, attack)
    const before = await heapBytes()
    await inParallel(1000, cases, attack)
    const grownBytes = (await heapBytes()) - before
    assert.ok(grownBytes < heapMarginBytes, `the heap grew by ${grownBytes} bytes`)
    assert.deepEqual(
      await pair.connection.call({ method: 'test.echo', input: 'fine', timeoutMs: 1000 }),
      'fine',
    )
    // The good connection has lived through all of it.
    assert.equal(pair.connection.state, 'ready')
  },
)

test(
  '2000 mutated frames to a client: nothing crashes, and it connects again',
  { timeout: 60_000 },
  async () => {
    let seed = 0
    const server = net.createServer(async (socket) => {
      const peer = new RawPeer(socket)
      try {
        peer.send([kinds.hello, protocolVersion, nonce])
        const [, , clientNonce] = await peer.frame(kinds.proof)
        peer.send([kinds.welcome, hmac(sharedKey, 'server', clientNonce, nonce)])
        const [, id] = await peer.frame(kinds.call)
        const good = [kinds.answer, id, payload]
        socket.end(Buffer.concat([mutated([good, ...friends], seed++), encodeFrame(good)]))
      } catch {
        socket.destroy()
      }
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address: RpcAddress = `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`
    const ends: Record<string, number> = {}
    await inParallel(0, 2000, async () => {
      await using connection = connectRpc({ address, security: { sharedKey } })
      await connection.ready(patienceMs)
      const call = { method: 'test.echo', input: 1, timeoutMs: patienceMs }
      const end = await connection.call(call).then(
        () => 'answered',
        ({ code }) => code,
      )
      ends[end] = (ends[end] ?? 0) + 1
    })
    server.close()
    assert.equal(ends.deadlineExceeded, undefined, JSON.stringify(ends))
    assert.ok(ends.answered! > 0 && ends.unavailable! > 0, JSON.stringify(ends))
  },
)

/** Sends one mutated frame and a good one, and the end; the server has to close its side then. */
async function attackAs(connect: () => Promise<RawPeer>, frames: unknown[][], seed: number): Promise<void> {
  using peer = await connect()
  peer.socket.end(Buffer.concat([mutated(frames, seed), encodeFrame([kinds.ping])]))
  const timer = setTimeout(() => peer.socket.destroy(new Error('too late')), patienceMs)
  let tooLate: Error | undefined
  peer.socket.on('error', (error) => (tooLate = error.message === 'too late' ? error : undefined))
  await peer.closed
  clearTimeout(timer)
  assert.equal(tooLate, undefined, `seed ${seed}: the server did not close within ${patienceMs} ms`)
}

async function inParallel(from: number, to: number, run: (seed: number) => Promise<void>): Promise<void> {
  let next = from
  const worker = async () => {
    while (next < to) await run(next++)
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}

/** One to three frames that went through one to four mutations; the same for the same seed. */
function mutated(frames: unknown[][], seed: number): Buffer {
  const random = randomNumbers(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const pick = <T>(values: readonly T[]): T => values[below(values.length)]!
  const sent = Array.from({ length: 1 + below(3) }, () => {
    const frame = [...pick(frames)]
    // A wrong type, a missing or a surplus element.
    if (below(3) === 0) frame[below(frame.length)] = pick(oddValues)
    if (below(10) === 0) frame.splice(below(frame.length), 1)
    if (below(10) === 0) frame.push(pick(oddValues))
    return encodeFrame(frame)
  })
  let bytes: Buffer = Buffer.concat(sent)
  for (let i = 1 + below(4); i > 0; i--) bytes = pick(mutations)(bytes, below, pick)
  return bytes
}

const oddValues = [
  null,
  -1,
  0.5,
  NaN,
  Infinity,
  2 ** 31,
  2 ** 53,
  '',
  'x'.repeat(5000),
  [],
  {},
  true,
  nonce,
  [[[]]],
]

/** MessagePack that no encoder of ours writes: extensions, lengths that lie, hostile keys, depth. */
const hostileBytes = [
  'c1',
  'd40100',
  'd6ff00000000',
  'd4724091a16101',
  'c7007892a161a0',
  'c9ffffffff01',
  'dbffffffff',
  'ddffffffff',
  'dfffffffff',
  'c6ffffffff',
  'dd00100000',
  '81a95f5f70726f746f5f5f80',
  '81ab636f6e7374727563746f7280',
  '810101',
  '91'.repeat(200),
  '81a161'.repeat(200),
  'ffffffff',
  '00000000',
  '00400000',
  '00400001',
  'cf',
  'cb',
  'd3',
].map((hex) => Buffer.from(hex, 'hex'))

type Mutation = (
  bytes: Buffer,
  below: (limit: number) => number,
  pick: <T>(values: readonly T[]) => T,
) => Buffer

const mutations: Mutation[] = [
  function flipBits(bytes, below) {
    const flipped = Buffer.from(bytes)
    for (let i = 1 + below(8); i > 0; i--) {
      const at = below(bytes.length)
      flipped[at] = flipped[at]! ^ (1 << below(8))
    }
    return flipped
  },
  function truncate(bytes, below) {
    return bytes.subarray(0, 1 + below(bytes.length))
  },
  function duplicate(bytes, below) {
    const start = below(bytes.length)
    const end = start + below(bytes.length - start + 1)
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
  },
  function insert(bytes, below, pick) {
    const at = below(bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), pick(hostileBytes), bytes.subarray(at)])
  },
  function overwrite(bytes, below, pick) {
    const overwritten = Buffer.from(bytes)
    pick(hostileBytes).copy(overwritten, below(bytes.length))
    return overwritten
  },
  function changeLength(bytes, below) {
    const changed = Buffer.from(bytes)
    if (changed.length >= 4) changed.writeUInt32BE(below(4) === 0 ? below(2 ** 32) : below(2000), 0)
    return changed
  },
  function replacePayload(_, below, pick) {
    // The length is right, so that what is hostile gets as far as the decoder.
    const request = encodeFrame([kinds.call, below(5), 'test.echo', 0, 100, null, null, null, 0])
    const before = request.subarray(4, request.lastIndexOf('test.echo') + 'test.echo'.length)
    const after = request.subarray(4 + before.length + 1)
    const content = Buffer.concat([before, pick(hostileBytes), after])
    const length = Buffer.alloc(4)
    length.writeUInt32BE(content.length)
    return Buffer.concat([length, content])
  },
]

/** Mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The least of a few readings: some memory is given back a little after the collection that found it. */
async function heapBytes(): Promise<number> {
  let least = Infinity
  for (let reading = 0; reading < 4; reading++) {
    await delay(100)
    collectGarbage()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    least = Math.min(least, heapUsed + arrayBuffers)
  }
  return least
}
