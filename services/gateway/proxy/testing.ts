/** Upstreams for the tests of the proxy: other people's servers, good and bad. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { emptyDirectory, type Directory, type ProxiedService } from '#platform/host/directory.ts'
import type { ProtectionPolicy } from '#services/gateway/protection/protection.ts'
import { testDoor, type TestDoor } from '#services/gateway/testing.ts'

export interface TestUpstream extends AsyncDisposable {
  address: string
  /** Those open at the moment. */
  sockets: Set<Socket>
  /** How many there were. */
  opened(): number
}

export function httpUpstream(listener: RequestListener): Promise<TestUpstream> {
  return listening(createServer(listener))
}

/** `answer` is sent as it is, whenever the end of a request's head has come. A function does as it likes. */
export function rawUpstream(
  answer: string | Buffer | ((socket: Socket, head: string) => void),
): Promise<TestUpstream> {
  return listening(
    createTcpServer((socket) => {
      let received = ''
      socket.setNoDelay().on('error', () => {})
      socket.on('data', (bytes) => {
        received += bytes.toString('latin1')
        for (let end = received.indexOf('\r\n\r\n'); end !== -1; end = received.indexOf('\r\n\r\n')) {
          const head = received.slice(0, end + 4)
          received = received.slice(end + 4)
          if (typeof answer === 'function') answer(socket, head)
          else socket.write(answer)
        }
      })
    }),
  )
}

async function listening(server: Server): Promise<TestUpstream> {
  const sockets = new Set<Socket>()
  let opened = 0
  server.on('connection', (socket: Socket) => {
    opened++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    opened: () => opened,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

export interface ProxyDoor extends TestDoor {
  /** Registers what stands behind each prefix from now on. */
  register(upstreams: Record<string, readonly string[]>): void
}

/** A gateway with the upstreams at these addresses behind each prefix. */
export async function proxyDoor(
  upstreams: Record<string, readonly string[]>,
  options: { level?: string; policy?: Partial<ProtectionPolicy> } = {},
): Promise<ProxyDoor> {
  let services = servicesOf(upstreams)
  const listeners = new Set<() => void>()
  const directory: Directory = {
    ...emptyDirectory,
    proxied: () => services,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const door = await testDoor({}, { ...options, directory })
  return {
    ...door,
    register(changed) {
      services = servicesOf(changed)
      for (const listener of listeners) listener()
    },
  }
}

function servicesOf(upstreams: Record<string, readonly string[]>): ProxiedService[] {
  return Object.entries(upstreams).map(([pathPrefix, addresses]) => ({
    service: pathPrefix.slice(1) || 'root',
    pathPrefix,
    endpoints: addresses.map((address) => ({ id: address, address, version: '1', weight: 100 })),
  }))
}

/** Everything until the server closes. To end our side would be to go away. */
export async function ask({ port }: { port: number }, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1', () => socket.write(request))
  return (await buffer(socket)).toString('latin1')
}

/** Fails after 5 s. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000
  while (!condition()) {
    assert.ok(performance.now() < deadline, `not within 5 s: ${what}`)
    await sleep(5)
  }
}
