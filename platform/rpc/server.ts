import { setTimeout as delay } from 'node:timers/promises'
import type { Socket } from 'node:net'
import { silentLogger, type Logger } from '#platform/log.ts'
import { provePeer } from './handshake.ts'
import { InboundCalls } from './inbound.ts'
import { Link } from './link.ts'
import {
  defaultLimits,
  type RpcAddress,
  type RpcHandler,
  type RpcLimits,
  type RpcSecurity,
  type RpcServer,
} from './rpc.ts'
import { createSocketServer, listen, type KeyedSocket } from './socket.ts'

export interface ListenOptions {
  address: RpcAddress
  handler: RpcHandler
  security: RpcSecurity
  limits?: Partial<RpcLimits> | undefined
  log?: Logger | undefined
}

/** Rejects when the address can't be listened on. */
export async function listenRpc(options: ListenOptions): Promise<RpcServer> {
  const { handler, security, log = silentLogger } = options
  const limits = { ...defaultLimits, ...options.limits }
  const sockets = new Set<Socket>()
  const links = new Set<Link>()
  const peers = new Set<InboundCalls>()
  let isDraining = false

  const accept = ({ socket, key }: KeyedSocket) => {
    const link = new Link(socket, 'server', limits, log)
    links.add(link)
    link.onClose = () => links.delete(link)
    provePeer(link, 'server', key, () => {
      const calls = new InboundCalls(link, handler, limits, log)
      peers.add(calls)
      link.onClose = (reason) => {
        links.delete(link)
        peers.delete(calls)
        calls.stop(reason)
      }
      if (isDraining) void calls.drain()
    })
  }

  const server = createSocketServer(security, limits.handshakeTimeoutMs, accept)
  // Of TLS too, and so those that have not got through its handshake.
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', (error) => log.warn({ err: error }, 'RPC peer refused'))
  const address = await listen(server, options.address)
  server.on('error', (error) => log.error({ err: error }, 'RPC server'))
  const closed = new Promise((resolve) => server.once('close', resolve))

  return {
    address,
    async drain(timeoutMs) {
      isDraining = true
      server.close()
      const giveUp = new AbortController()
      await Promise.race([
        Promise.all([...peers].map((peer) => peer.drain())),
        delay(timeoutMs, undefined, { signal: giveUp.signal }),
      ])
      giveUp.abort()
    },
    async [Symbol.asyncDispose]() {
      server.close()
      for (const link of links) link.end('the server is closing')
      // Those that have not got through TLS have no link.
      const impatience = setTimeout(() => sockets.forEach((socket) => socket.destroy()), 500)
      await closed
      clearTimeout(impatience)
    },
  }
}
