/** The sockets under the links: TCP or unix, plain or TLS. */
import { once } from 'node:events'
import { chmod, lstat, unlink } from 'node:fs/promises'
import net, { type ListenOptions, type Socket } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import type { RpcAddress, RpcSecurity } from './rpc.ts'

/** A socket and the key that proves its peer. The key is there once the socket has received anything. */
export interface KeyedSocket {
  socket: Socket
  key: () => Buffer
}

export function openSocket(address: RpcAddress, security: RpcSecurity): KeyedSocket {
  const target = parseAddress(address)
  if ('sharedKey' in security) return { socket: net.connect(target), key: () => security.sharedKey }
  const socket = tls.connect({ ...security.tls, ...target, ...tlsRules })
  return { socket, key: () => channelKey(socket) }
}

/** `onSocket` is told of every socket whose TLS handshake, where there is one, is done. */
export function createSocketServer(
  security: RpcSecurity,
  handshakeTimeoutMs: number,
  onSocket: (accepted: KeyedSocket) => void,
): net.Server {
  if ('sharedKey' in security)
    return net.createServer((socket) => onSocket({ socket, key: () => security.sharedKey }))
  const options = { ...security.tls, ...tlsRules, requestCert: true, handshakeTimeout: handshakeTimeoutMs }
  return tls.createServer(options, (socket) => onSocket({ socket, key: () => channelKey(socket) }))
}

/** Gives the address with its real port. A socket file that nobody listens on any more is replaced. */
export async function listen(server: net.Server, address: RpcAddress): Promise<RpcAddress> {
  const target = parseAddress(address)
  if ('path' in target) {
    if (await isAbandoned(target.path)) await unlink(target.path)
    await listening(server, target)
    await chmod(target.path, 0o600)
    return address
  }
  await listening(server, target)
  const { port } = server.address() as net.AddressInfo
  return `tcp://${net.isIPv6(target.host) ? `[${target.host}]` : target.host}:${port}`
}

const tlsRules = { rejectUnauthorized: true, minVersion: 'TLSv1.3' } as const

/** RFC 5705: differs for every connection and is known to its two ends only. */
function channelKey(socket: TLSSocket): Buffer {
  return socket.exportKeyingMaterial(32, 'EXPORTER-dakghar-rpc', Buffer.alloc(0))
}

function parseAddress(address: RpcAddress): { path: string } | { host: string; port: number } {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length) }
  const { hostname, port } = new URL(address)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
}

async function listening(server: net.Server, options: ListenOptions): Promise<void> {
  server.listen(options)
  // Rejects on 'error'.
  await once(server, 'listening')
}

/** Whether a socket file is left from a process that is gone. */
async function isAbandoned(path: string): Promise<boolean> {
  const file = await lstat(path).catch(() => undefined)
  if (!file?.isSocket()) return false
  const socket = net.connect(path)
  try {
    await once(socket, 'connect')
    return false
  } catch {
    return true
  } finally {
    socket.destroy()
  }
}
