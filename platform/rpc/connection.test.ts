import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { stat, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import { connectRpc } from './connection.ts'
import { kinds } from './frame.ts'
import type { RpcAddress, RpcLimits } from './rpc.ts'
import { listenRpc } from './server.ts'
import {
  addressOf,
  echo,
  RawPeer,
  reachState,
  sharedKey,
  startPair,
  temporaryFolder,
  unusedAddress,
} from './testing.ts'

const call = { method: 'test.echo', input: 'hello', timeoutMs: 5000 }
const security = { sharedKey }
const handler = { call: echo, stream: async function* () {} }
const never = { call: () => new Promise(() => {}) }

test('calls fail at once with unavailable until the server is there, and when it is gone', async () => {
  const address = await unusedAddress()
  await using connection = connectRpc({ address, security })
  await assert.rejects(connection.call(call), { code: 'unavailable', notSent: true })
  const items = connection.stream(call)[Symbol.asyncIterator]()
  await assert.rejects(Promise.resolve(items.next()), { code: 'unavailable', notSent: true })
  await assert.rejects(connection.ready(100), { code: 'unavailable' })

  const server = await listenRpc({ address, security, handler })
  await connection.ready(5000)
  assert.equal(await connection.call(call), 'hello')
  await server[Symbol.asyncDispose]()
  await reachState(connection, 'broken')
  await assert.rejects(connection.call(call), { code: 'unavailable', notSent: true })
})

test('it reconnects after every restart of the server', async () => {
  const address = await unusedAddress()
  await using connection = connectRpc({ address, security })
  const states: string[] = []
  connection.onStateChange((next) => states.push(next))
  for (let restart = 0; restart < 5; restart++) {
    await using server = await listenRpc({ address, security, handler })
    await connection.ready(5000)
    assert.equal(await connection.call(call), 'hello')
    assert.equal(server.address, address)
  }
  await reachState(connection, 'broken')
  assert.ok(states.filter((each) => each === 'ready').length === 5, states.join())
})

test('whoever waits for it does not wait for the back-off', async () => {
  const address = await unusedAddress()
  await using connection = connectRpc({ address, security })
  // Six failures: the next attempt of its own is more than a second away.
  await delay(2500)
  await reachState(connection, 'broken')
  await using server = await listenRpc({ address, security, handler })
  assert.equal(server.address, address)
  await connection.ready(400)
})

test('it waits longer after each failure, and 50 ms again after a success', async () => {
  await using accepting = await slammingServer()
  await using connection = connectRpc({ address: accepting.address, security })
  await delay(1500)
  // 50 + 100 + 200 + 400 + 800 ms, each between half and whole.
  const gaps = accepting.attempts.slice(1).map((at, i) => at - accepting.attempts[i]!)
  assert.ok(gaps.length >= 3 && gaps.length <= 6, `${gaps}`)
  for (const [i, gap] of gaps.entries()) assert.ok(gap >= 0.5 * 50 * 2 ** i - 2, `${gaps}`)
  assert.equal(connection.pendingCalls, 0)

  await accepting[Symbol.asyncDispose]()
  const server = await listenRpc({ address: accepting.address, security, handler })
  await connection.ready(5000)
  await server[Symbol.asyncDispose]()
  const startedAt = performance.now()
  await reachState(connection, 'connecting')
  assert.ok(performance.now() - startedAt < 700)
})

test('a call that may have reached the peer is not marked notSent', async () => {
  await using pair = await startPair(never)
  const pending = pair.connection.call(call)
  const isUnmarked = (error: object) =>
    !('notSent' in error) && 'code' in error && error.code === 'unavailable'
  const failed = assert.rejects(pending, isUnmarked)
  await delay(20)
  await pair.server[Symbol.asyncDispose]()
  await failed
})

test('calls that wait for a peer that does not read were not sent', async () => {
  await using deaf = await deafServer()
  await using connection = connectRpc({
    address: deaf.address,
    security,
    limits: { maxQueuedBytes: 3_000_000 },
  })
  await connection.ready(5000)
  deaf.stopReading()
  const input = 'x'.repeat(1_000_000)
  const fates: Promise<string>[] = []
  for (let i = 0; i < 30; i++) {
    fates.push(connection.call({ ...call, input }).then(String, ({ code, notSent }) => `${code} ${notSent}`))
    await nextTurn()
  }
  await delay(100)
  deaf.hangUp()
  const ends = await Promise.all(fates)
  assert.equal(ends[0], 'unavailable undefined')
  assert.ok(ends.includes('unavailable true'), ends.join())
  assert.equal(ends.at(-1), 'overloaded true')
})

test('a connection that breaks in the middle fails what is under way and aborts the handlers', async () => {
  const aborted = Promise.withResolvers<unknown>()
  await using server = await listenRpc({
    address: 'tcp://127.0.0.1:0',
    security,
    handler: {
      async call({ signal }) {
        signal.addEventListener('abort', () => aborted.resolve(signal.reason.code))
        return new Promise(() => {})
      },
      async *stream() {
        yield 1
        await new Promise(() => {})
      },
    },
  })
  await using relay = await relayTo(server.address)
  await using connection = connectRpc({ address: relay.address, security })
  await connection.ready(5000)
  const pending = connection.call(call)
  const items = connection.stream(call)[Symbol.asyncIterator]()
  assert.equal((await items.next()).value, 1)
  const next = items.next()
  relay.cutAll()
  await assert.rejects(pending, { code: 'unavailable' })
  await assert.rejects(Promise.resolve(next), { code: 'unavailable' })
  assert.equal(await aborted.promise, 'unavailable')
  assert.equal(connection.pendingCalls, 0)
  await connection.ready(5000)
})

test('a stopped process: calls end at their deadline, then the silent connection is cut', async () => {
  await using child = await serverProcess()
  const limits = { pingIntervalMs: 100, silenceMs: 500 }
  await using connection = connectRpc({ address: child.address, security, limits })
  await connection.ready(5000)
  assert.equal(await connection.call(call), 'hello')
  child.process.kill('SIGSTOP')
  const startedAt = performance.now()
  await assert.rejects(connection.call({ ...call, timeoutMs: 200 }), { code: 'deadlineExceeded' })
  assert.ok(performance.now() - startedAt < 2000)
  await reachState(connection, 'broken')
  assert.ok(performance.now() - startedAt < 5000)
  child.process.kill('SIGCONT')
  await connection.ready(10_000)
  assert.equal(await connection.call(call), 'hello')
})

test('a killed process: calls under way fail at once', async () => {
  await using child = await serverProcess()
  await using connection = connectRpc({ address: child.address, security })
  await connection.ready(5000)
  const pending = connection.call({ ...call, method: 'never' })
  await delay(50)
  const startedAt = performance.now()
  child.process.kill('SIGKILL')
  await assert.rejects(pending, { code: 'unavailable' })
  assert.ok(performance.now() - startedAt < 3000)
})

test('an idle connection is kept by pings, a silent one is cut by the server too', async () => {
  const limits = { pingIntervalMs: 50, silenceMs: 400 }
  await using pair = await startPair(handler, { limits })
  using silent = await RawPeer.connectProven(pair.server.address)
  const states: string[] = []
  pair.connection.onStateChange((next) => states.push(next))
  const startedAt = performance.now()
  await silent.closed
  const silentMs = performance.now() - startedAt
  assert.ok(silentMs >= 390 && silentMs < 3000, `${silentMs} ms`)
  assert.deepEqual([...new Set(silent.frames.map(([kind]) => kind))], [kinds.ping])
  await delay(1000)
  assert.deepEqual(states, [])
})

test('closing from within a state listener is final', async () => {
  await using slamming = await slammingServer()
  for (const wanted of ['broken', 'connecting']) {
    const connection = connectRpc({ address: slamming.address, security })
    await new Promise<void>((resolve) => {
      connection.onStateChange((next) => next === wanted && resolve(connection[Symbol.asyncDispose]()))
    })
    const attempts = slamming.attempts.length
    await delay(150)
    assert.deepEqual([connection.state, slamming.attempts.length], ['closed', attempts])
  }
})

test('closing a connection fails what is under way and ends the reconnecting', async () => {
  const pair = await startPair(never)
  const pending = pair.connection.call(call)
  const failed = assert.rejects(pending, { code: 'unavailable' })
  await pair[Symbol.asyncDispose]()
  await failed
  assert.equal(pair.connection.state, 'closed')
  await assert.rejects(pair.connection.ready(1000), { code: 'unavailable' })
  await assert.rejects(pair.connection.call(call), { code: 'unavailable' })

  const broken = connectRpc({ address: await unusedAddress(), security })
  const waiting = assert.rejects(broken.ready(5000), { code: 'unavailable' })
  await broken[Symbol.asyncDispose]()
  await waiting
})

test('the socket file of a dead server is replaced, that of a live one and other files are not', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'rpc.sock')
  const dead = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ])
  await once(dead, 'exit')
  assert.ok((await stat(path)).isSocket())
  const address: RpcAddress = `unix:${path}`
  await using server = await listenRpc({ address, security, handler })
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  await assert.rejects(listenRpc({ address, security, handler }), { code: 'EADDRINUSE' })
  await using connection = connectRpc({ address: server.address, security })
  await connection.ready(5000)
  assert.equal(await connection.call(call), 'hello')

  const file = join(folder.path, 'notes.txt')
  await writeFile(file, 'kept')
  await assert.rejects(listenRpc({ address: `unix:${file}`, security, handler }), { code: 'EADDRINUSE' })
  assert.ok((await stat(file)).isFile())
})

test('frames of one turn leave in few writes', async () => {
  await using server = await listenRpc({ address: 'tcp://127.0.0.1:0', security, handler })
  await using relay = await relayTo(server.address)
  await using connection = connectRpc({ address: relay.address, security })
  await connection.ready(5000)
  const chunksBefore = relay.chunks()
  await Promise.all(Array.from({ length: 64 }, () => connection.call(call)))
  const chunks = relay.chunks() - chunksBefore
  assert.ok(chunks <= 20, `${chunks} chunks for 64 calls and 64 answers`)
})

async function listeningServer(onSocket: (socket: net.Socket) => void) {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cutAll = () => sockets.forEach((socket) => socket.destroy())
  return {
    address: addressOf(server),
    cutAll,
    async [Symbol.asyncDispose]() {
      cutAll()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}

/** Closes every connection at once; notes when each came. */
async function slammingServer() {
  const attempts: number[] = []
  const server = await listeningServer((socket) => {
    attempts.push(performance.now())
    socket.destroy()
  })
  return { ...server, attempts }
}

/** Passes bytes on between clients and a server, and counts the chunks. */
async function relayTo(address: RpcAddress) {
  let chunks = 0
  const { hostname, port } = new URL(address)
  const relay = await listeningServer((socket) => {
    const onward = net.connect(Number(port), hostname).on('error', () => {})
    socket.on('data', (chunk) => (chunks++, onward.write(chunk))).on('close', () => onward.destroy())
    onward.on('data', (chunk) => (chunks++, socket.write(chunk))).on('close', () => socket.destroy())
  })
  return { ...relay, chunks: () => chunks }
}

/** A server behind a relay that can stop reading from its clients. */
async function deafServer() {
  const server = await listenRpc({
    address: 'tcp://127.0.0.1:0',
    security,
    handler: { ...handler, ...never },
  })
  const { hostname, port } = new URL(server.address)
  const clients: net.Socket[] = []
  const relay = await listeningServer((socket) => {
    clients.push(socket)
    const onward = net.connect(Number(port), hostname).on('error', () => {})
    socket.pipe(onward).pipe(socket)
  })
  return {
    address: relay.address,
    stopReading: () => clients.forEach((socket) => socket.unpipe().pause()),
    hangUp: relay.cutAll,
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** A server in a process of its own. */
async function serverProcess(
  limits: Partial<RpcLimits> = {},
): Promise<AsyncDisposable & { process: ChildProcess; address: RpcAddress }> {
  const script = `
    import { listenRpc } from ${JSON.stringify(import.meta.resolve('./server.ts'))}
    const { address } = await listenRpc({
      address: 'tcp://127.0.0.1:0',
      security: { sharedKey: Buffer.from('${sharedKey.toString('hex')}', 'hex') },
      limits: ${JSON.stringify(limits)},
      handler: {
        call: ({ method, input }) => (method === 'never' ? new Promise(() => {}) : Promise.resolve(input)),
        stream: async function* () {},
      },
    })
    console.log(address)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(child.stdout, 'data')
  return {
    process: child,
    address: String(line).trim() as RpcAddress,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}
