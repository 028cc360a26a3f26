/** The connections of the gateway: how many, and whose. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { counter, gauge } from '#platform/metrics.ts'
import { parseAddress, type ClientAddress } from './address.ts'

export interface ConnectionLimits {
  total: number
  perAddress: number
  /** Whether proxies stand in front: the connections are theirs and serve many clients. */
  areOfProxies: boolean
  /** Addresses that may have any number. */
  isExempt(address: ClientAddress): boolean
}

/** Requests that one connection may have unanswered; others of the field take one at a time or a few. */
const mostPipelined = 64

type Held = Duplex | ServerResponse

/** Where requests stand in line: a connection; in HTTP/2 a stream, which has one only. */
interface Lane {
  /** Infinity: none is answered any more. */
  unanswered: number
}

export class Connections {
  readonly #limits: ConnectionLimits
  readonly #sockets = new Map<Socket, ClientAddress>()
  /** Open, by group of addresses. */
  readonly #counts = new Map<string, number>()
  readonly #lanes = new WeakMap<object, Lane>()
  /** What serves clients behind proxies at the moment. */
  readonly #held = new Map<Held, ClientAddress>()

  constructor(limits: ConnectionLimits) {
    this.#limits = limits
    gauge('dakghar_gateway_connections', 'Connections open.', [], (metric) => metric.set(this.size))
  }

  get size(): number {
    return this.#sockets.size
  }

  /** Counts what the server accepts; closes at once what is too much. */
  guard(server: Server): void {
    server.maxConnections = this.#limits.total
    server.on('drop', () => refused.inc({ reason: 'total' }))
    server.on('connection', (socket: Socket) => this.#open(socket))
  }

  /** Until it closes, it serves this client: where proxies stand in front, its connection does not tell. */
  hold(connection: Held, client: ClientAddress): void {
    if (!this.#limits.areOfProxies) return
    this.#held.set(connection, client)
    connection.once('close', () => this.#held.delete(connection))
  }

  /** Closes every connection that serves such an address. */
  closeWhere(isUnwanted: (address: ClientAddress) => boolean): void {
    const serving = this.#limits.areOfProxies ? this.#held : this.#sockets
    for (const [connection, address] of serving) if (isUnwanted(address)) connection.destroy()
  }

  /** False where the connection has too many unanswered requests already. */
  begin(incoming: IncomingMessage): boolean {
    return this.#laneOf(incoming).unanswered++ < mostPipelined
  }

  end(incoming: IncomingMessage): void {
    this.#laneOf(incoming).unanswered--
  }

  /** Whatever else has come on the connection is not answered. */
  endAll(incoming: IncomingMessage): void {
    this.#laneOf(incoming).unanswered = Infinity
  }

  /** Whether `endAll` was called. */
  isOver(socket: Socket): boolean {
    return this.#lanes.get(socket)?.unanswered === Infinity
  }

  #laneOf(incoming: IncomingMessage): Lane {
    const { stream } = incoming as Partial<Pick<Http2ServerRequest, 'stream'>>
    const key = stream ?? incoming.socket
    let lane = this.#lanes.get(key)
    if (!lane) this.#lanes.set(key, (lane = { unanswered: 0 }))
    return lane
  }

  #open(socket: Socket): void {
    const address = parseAddress(socket.remoteAddress ?? '')
    if (!address) return void socket.destroy()
    const { group } = address
    const count = (this.#counts.get(group) ?? 0) + 1
    const { perAddress, areOfProxies, isExempt } = this.#limits
    if (count > perAddress && !areOfProxies && !isExempt(address)) {
      refused.inc({ reason: 'address' })
      return void socket.destroy()
    }
    this.#counts.set(group, count)
    this.#sockets.set(socket, address)
    socket.once('close', () => this.#close(socket, group))
  }

  #close(socket: Socket, group: string): void {
    this.#sockets.delete(socket)
    const left = this.#counts.get(group)! - 1
    if (left === 0) this.#counts.delete(group)
    else this.#counts.set(group, left)
  }
}

const refused = counter('dakghar_gateway_connections_refused_total', 'Connections closed unheard.', [
  'reason',
])
