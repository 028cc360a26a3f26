import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import tls from 'node:tls'
import { connectRpc } from './connection.ts'
import { kinds, protocolVersion } from './frame.ts'
import { hmac } from './handshake.ts'
import type { RpcAddress } from './rpc.ts'
import { listenRpc } from './server.ts'
import {
  echo,
  encodeFrame,
  makeCertificates,
  RawPeer,
  sharedKey,
  startPair,
  temporaryFolder,
} from './testing.ts'

const call = { method: 'test.echo', input: { text: 'hello' }, timeoutMs: 2000 }
const nonce = Buffer.alloc(32, 'n')

test('a client with another key is refused and makes no call', async () => {
  let calls = 0
  await using pair = await startPair({ call: async () => calls++ })
  await using stranger = connectRpc({
    address: pair.server.address,
    security: { sharedKey: Buffer.alloc(32, 'other') },
  })
  await assert.rejects(stranger.ready(300), { code: 'unavailable' })
  await assert.rejects(stranger.call(call), { code: 'unavailable', notSent: true })
  assert.equal(calls, 0)
})

test('a server with another key is refused', async () => {
  await using impostor = await listenRpc({
    address: 'tcp://127.0.0.1:0',
    security: { sharedKey: Buffer.alloc(32, 'other') },
    handler: { call: echo, stream: async function* () {} },
  })
  await using connection = connectRpc({ address: impostor.address, security: { sharedKey } })
  await assert.rejects(connection.ready(300), { code: 'unavailable' })
})

test("a server that can't prove the key, and welcomes all the same, is refused", async () => {
  await using impostor = await rawServer(async (peer) => {
    peer.send([kinds.hello, protocolVersion, nonce])
    await peer.frame(kinds.proof)
    peer.send([kinds.welcome, Buffer.alloc(32)])
  })
  await using connection = connectRpc({ address: impostor.address, security: { sharedKey } })
  await assert.rejects(connection.ready(300), { code: 'unavailable' })
})

test("a server that reflects the client's own proof is refused", async () => {
  let reflected = 0
  await using impostor = await rawServer(async (peer) => {
    peer.send([kinds.hello, protocolVersion, nonce])
    const [, , , proof] = await peer.frame(kinds.proof)
    peer.send([kinds.welcome, proof])
    reflected++
  })
  await using connection = connectRpc({ address: impostor.address, security: { sharedKey } })
  await assert.rejects(connection.ready(300), { code: 'unavailable' })
  assert.ok(reflected > 0)
})

test("a client that reflects the server's nonce and proof is refused", async () => {
  await using pair = await startPair({ call: echo })
  // What the server answers to this is the proof of a server, never that of a client.
  using first = await RawPeer.connect(pair.server.address)
  const [, , serverNonce] = await first.frame(kinds.hello)
  first.send([kinds.proof, protocolVersion, serverNonce, hmac(sharedKey, 'server', serverNonce, serverNonce)])
  await first.closed
  assert.deepEqual(first.frames, [])
})

test('a proof that was good on one connection is refused on the next', async () => {
  await using pair = await startPair({ call: echo })
  using first = await RawPeer.connect(pair.server.address)
  const [, , serverNonce] = await first.frame(kinds.hello)
  const proof = [kinds.proof, protocolVersion, nonce, hmac(sharedKey, 'client', nonce, serverNonce)]
  first.send(proof)
  await first.frame(kinds.welcome)
  using second = await RawPeer.connect(pair.server.address)
  await second.frame(kinds.hello)
  second.send(proof)
  await second.closed
  assert.deepEqual(second.frames, [])
})

test('a peer that speaks another version is refused', async () => {
  await using pair = await startPair({ call: echo })
  using peer = await RawPeer.connect(pair.server.address)
  const [, , serverNonce] = await peer.frame(kinds.hello)
  peer.send([kinds.proof, protocolVersion + 1, nonce, hmac(sharedKey, 'client', nonce, serverNonce)])
  await peer.closed
})

test('a call before the handshake is refused', async () => {
  let calls = 0
  await using pair = await startPair({ call: async () => calls++ })
  using peer = await RawPeer.connect(pair.server.address)
  peer.send([kinds.call, 1, 'test.echo', 1, 1000, null, null, null, 0])
  await peer.closed
  assert.equal(calls, 0)
})

test('a stranger is cut for a frame larger than the handshake needs', async () => {
  await using pair = await startPair({ call: echo })
  using peer = await RawPeer.connect(pair.server.address)
  peer.socket.write(Buffer.from('00001000', 'hex'))
  await peer.closed
})

test('a peer that says nothing is cut when the handshake takes too long', async () => {
  await using pair = await startPair({ call: echo }, { limits: { handshakeTimeoutMs: 100 } })
  using peer = await RawPeer.connect(pair.server.address)
  const startedAt = performance.now()
  await peer.closed
  assert.ok(performance.now() - startedAt < 2500)

  await using silent = await rawServer(async () => {})
  await using connection = connectRpc({
    address: silent.address,
    security: { sharedKey },
    limits: { handshakeTimeoutMs: 100 },
  })
  const states: string[] = []
  connection.onStateChange((state) => states.push(state))
  await assert.rejects(connection.ready(500), { code: 'unavailable' })
  assert.ok(states.includes('broken'))
})

test('with TLS both ends need a certificate of the authority', async () => {
  await using folder = await temporaryFolder()
  await using otherFolder = await temporaryFolder()
  const certificates = await makeCertificates(folder.path)
  const others = await makeCertificates(otherFolder.path)
  await using pair = await startPair({ call: echo }, { security: { tls: certificates } })
  assert.deepEqual(await pair.connection.call(call), call.input)

  const { address } = pair.server
  for (const wrong of [{ ...others }, { ...others, ca: certificates.ca }, { ca: certificates.ca }]) {
    await using stranger = connectRpc({ address, security: { tls: wrong } })
    await assert.rejects(stranger.ready(300), { code: 'unavailable' })
  }
  await using impostor = await listenRpc({
    address: 'tcp://127.0.0.1:0',
    security: { tls: { ...others, ca: certificates.ca } },
    handler: { call: echo, stream: async function* () {} },
  })
  await using connection = connectRpc({ address: impostor.address, security: { tls: certificates } })
  await assert.rejects(connection.ready(300), { code: 'unavailable' })
})

test("with TLS the server's certificate has to bear the name that was asked for", async () => {
  await using folder = await temporaryFolder()
  const certificates = await makeCertificates(folder.path)
  await using pair = await startPair({ call: echo }, { security: { tls: certificates } })
  await using connection = connectRpc({
    address: pair.server.address,
    security: { tls: { ...certificates, servername: 'someone.else' } },
  })
  await assert.rejects(connection.ready(300), { code: 'unavailable' })
})

test('a peer that stops in the middle of the TLS handshake keeps nothing from closing', async () => {
  await using folder = await temporaryFolder()
  const tlsOptions = await makeCertificates(folder.path)
  const pair = await startPair({ call: echo }, { security: { tls: tlsOptions } })
  const { port, hostname } = new URL(pair.server.address)
  const socket = net.connect(Number(port), hostname).on('error', () => {})
  await once(socket, 'connect')
  socket.write(Buffer.from('1603010100', 'hex'))
  await pair[Symbol.asyncDispose]()
  if (!socket.destroyed) await once(socket, 'close')
})

test('the shared key of another connection is of no use with TLS', async () => {
  await using folder = await temporaryFolder()
  const certificates = await makeCertificates(folder.path)
  await using pair = await startPair({ call: echo }, { security: { tls: certificates } })
  const { port, hostname } = new URL(pair.server.address)
  const socket = tls.connect({ host: hostname, port: Number(port), ...certificates })
  using peer = new RawPeer(socket)
  const [, , serverNonce] = await peer.frame(kinds.hello)
  socket.write(
    encodeFrame([kinds.proof, protocolVersion, nonce, hmac(sharedKey, 'client', nonce, serverNonce)]),
  )
  await peer.closed
  assert.deepEqual(peer.frames, [])
})

async function rawServer(
  onPeer: (peer: RawPeer) => Promise<void>,
): Promise<AsyncDisposable & { address: RpcAddress }> {
  const peers = new Set<RawPeer>()
  const server = net.createServer((socket) => {
    const peer = new RawPeer(socket)
    peers.add(peer)
    onPeer(peer).catch(() => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const peer of peers) peer[Symbol.dispose]()
      server.close()
      await once(server, 'close')
    },
  }
}
