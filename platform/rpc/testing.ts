/** What the tests of the RPC door share. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import net, { type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { connectRpc } from './connection.ts'
import { FrameEncoder } from './encode.ts'
import { decodeFrame, kinds, protocolVersion, type Frame } from './frame.ts'
import { hmac } from './handshake.ts'
import type {
  InboundCall,
  RpcAddress,
  RpcConnection,
  RpcHandler,
  RpcLimits,
  RpcSecurity,
  RpcServer,
} from './rpc.ts'
import { listenRpc } from './server.ts'
import { FrameSplitter } from './splitter.ts'

export const sharedKey = Buffer.alloc(32, 'k')

export interface Pair extends AsyncDisposable {
  server: RpcServer
  connection: RpcConnection
}

export interface PairOptions {
  address?: RpcAddress
  security?: RpcSecurity
  limits?: Partial<RpcLimits>
}

/** A server and a connection to it that is ready. */
export async function startPair(handler: Partial<RpcHandler>, options: PairOptions = {}): Promise<Pair> {
  const { address = 'tcp://127.0.0.1:0', security = { sharedKey }, limits } = options
  const server = await listenRpc({ address, security, limits, handler: { ...noHandler, ...handler } })
  const connection = connectRpc({ address: server.address, security, limits })
  await connection.ready(5000)
  return {
    server,
    connection,
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

const noHandler: RpcHandler = {
  call: () => Promise.reject(new Error('no calls here')),
  stream: () => {
    throw new Error('no streams here')
  },
}

export const echo: RpcHandler['call'] = async ({ input }: InboundCall) => input

/** A folder that is removed afterwards. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'rpc-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

/** A certificate authority with one certificate, for 127.0.0.1, that serves both ends. */
export async function makeCertificates(folder: string): Promise<{ ca: Buffer; cert: Buffer; key: Buffer }> {
  const at = (name: string) => join(folder, name)
  const newKey = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ]
  await writeFile(at('config'), '[req]\ndistinguished_name=name\n[name]\n')
  const openssl = (...args: string[]) =>
    promisify(execFile)('openssl', [...newKey, '-config', at('config'), ...args])
  const issuer = ['-CA', at('ca.crt'), '-CAkey', at('ca.key')]
  const authority = ['-subj', '/CN=authority', '-addext', 'basicConstraints=critical,CA:TRUE']
  const peer = ['-subj', '/CN=peer', '-addext', 'subjectAltName=IP:127.0.0.1']
  await openssl(...authority, '-keyout', at('ca.key'), '-out', at('ca.crt'))
  await openssl(...peer, ...issuer, '-keyout', at('peer.key'), '-out', at('peer.crt'))
  const [ca, cert, key] = await Promise.all(
    ['ca.crt', 'peer.crt', 'peer.key'].map((name) => readFile(at(name))),
  )
  return { ca: ca!, cert: cert!, key: key! }
}

/** Speaks the protocol by hand, right or wrong. */
export class RawPeer implements Disposable {
  readonly socket: Socket
  /** Frames that have arrived and were not waited for. */
  readonly frames: Frame[] = []
  readonly closed: Promise<void>
  readonly #splitter = new FrameSplitter(1 << 30)
  #onChange: () => void = () => {}
  #isClosed = false

  constructor(socket: Socket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isClosed = true
      this.#onChange()
    })
    socket.on('data', (chunk) => {
      this.#splitter.push(chunk, (bytes, start, end) => this.frames.push(decodeFrame(bytes, start, end)) > 0)
      this.#onChange()
    })
  }

  static async connect(address: RpcAddress): Promise<RawPeer> {
    const { hostname, port } = new URL(address)
    const peer = new RawPeer(net.connect(Number(port), hostname))
    await once(peer.socket, 'connect')
    return peer
  }

  /** A client whose handshake is done. */
  static async connectProven(address: RpcAddress, key = sharedKey): Promise<RawPeer> {
    const peer = await RawPeer.connect(address)
    const [, , serverNonce] = await peer.frame(kinds.hello)
    const nonce = Buffer.alloc(32, 'n')
    peer.send([kinds.proof, protocolVersion, nonce, hmac(key, 'client', nonce, serverNonce)])
    await peer.frame(kinds.welcome)
    return peer
  }

  /** Any value in place of a frame. */
  send(frame: unknown): void {
    this.socket.write(encodeFrame(frame))
  }

  /** The next frame. Throws when it is of another kind or the socket is closed. */
  async frame<Kind extends Frame[0]>(kind: Kind): Promise<Extract<Frame, [kind: Kind, ...unknown[]]>> {
    while (this.frames.length === 0) {
      if (this.#isClosed) throw new Error('closed by the peer')
      await new Promise<void>((resolve) => (this.#onChange = resolve))
    }
    const frame = this.frames.shift()!
    if (frame[0] !== kind) throw new Error(`a frame of kind ${frame[0]} instead of ${kind}`)
    return frame as Extract<Frame, [kind: Kind, ...unknown[]]>
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

/** Fails after 5 s. */
export async function reachState(connection: RpcConnection, wanted: RpcConnection['state']): Promise<void> {
  if (connection.state === wanted) return
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${connection.state} instead of ${wanted}`)), 5000)
    const stop = connection.onStateChange((next) => {
      if (next !== wanted) return
      clearTimeout(timer)
      stop()
      resolve()
    })
  })
}

/** Nobody listens there. */
export async function unusedAddress(): Promise<RpcAddress> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = addressOf(server)
  server.close()
  await once(server, 'close')
  return address
}

export function addressOf(server: net.Server): RpcAddress {
  return `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`
}

/** Fails after 5 s. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000
  while (!condition()) {
    if (performance.now() > deadline) assert.fail(`not within 5 s: ${condition}`)
    await delay(5)
  }
}

export function encodeFrame(frame: unknown): Buffer {
  const encoder = new FrameEncoder()
  encoder.append(frame, 1 << 30)
  return encoder.take()
}
