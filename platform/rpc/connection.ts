import { silentLogger, type Logger } from '#platform/log.ts'
import { kinds } from './frame.ts'
import { provePeer } from './handshake.ts'
import { IncomingStream } from './incoming-stream.ts'
import { Link } from './link.ts'
import { notSent, OutboundCalls } from './outbound.ts'
import {
  defaultLimits,
  type OutboundCall,
  type RpcAddress,
  type RpcConnection,
  type RpcLimits,
  type RpcSecurity,
} from './rpc.ts'
import { openSocket } from './socket.ts'

export interface ConnectOptions {
  address: RpcAddress
  security: RpcSecurity
  limits?: Partial<RpcLimits> | undefined
  log?: Logger | undefined
}

const firstDelayMs = 50
const longestDelayMs = 5000

/** Connects in the background, now and whenever the connection breaks, until disposed of. */
export function connectRpc(options: ConnectOptions): RpcConnection {
  return new Connection(options)
}

type State = RpcConnection['state']

class Connection implements RpcConnection {
  readonly address: RpcAddress
  readonly #security: RpcSecurity
  readonly #limits: RpcLimits
  readonly #log: Logger
  readonly #listeners = new Set<(state: State) => void>()
  #state: State = 'connecting'
  #link: Link | undefined
  #calls: OutboundCalls | undefined
  #closed: PromiseWithResolvers<void> | undefined
  #failedAttempts = 0
  #attemptedAt = 0
  #retryTimer: NodeJS.Timeout | undefined
  #breakReason = ''

  constructor({ address, security, limits, log = silentLogger }: ConnectOptions) {
    this.address = address
    this.#security = security
    this.#limits = { ...defaultLimits, ...limits }
    this.#log = log
    this.#connect()
  }

  get state(): State {
    return this.#state
  }

  get pendingCalls(): number {
    return this.#calls?.size ?? 0
  }

  call(call: OutboundCall): Promise<unknown> {
    if (this.#state === 'ready') return this.#calls!.call(call)
    return Promise.reject(this.#notReady())
  }

  stream(call: OutboundCall): AsyncIterable<unknown> {
    return { [Symbol.asyncIterator]: () => this.#openStream(call) }
  }

  onStateChange(listener: (state: State) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  ready(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#state === 'ready') return resolve()
      if (this.#state === 'closed') return reject(this.#notReady())
      const settle = (state: State | undefined) => {
        if (state === 'connecting' || state === 'broken') return
        clearTimeout(timer)
        stopListening()
        if (state === 'ready') resolve()
        else reject(this.#notReady())
      }
      const timer = setTimeout(() => settle(undefined), timeoutMs)
      const stopListening = this.onStateChange(settle)
      this.#hurry()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#setState('closed')
    clearTimeout(this.#retryTimer)
    this.#link?.end('the connection was closed')
    await this.#closed?.promise
  }

  #connect(): void {
    const { socket, key } = openSocket(this.address, this.#security)
    const link = new Link(socket, 'client', this.#limits, this.#log)
    const calls = new OutboundCalls(link, this.#limits)
    const closed = Promise.withResolvers<void>()
    this.#link = link
    this.#calls = calls
    this.#closed = closed
    link.onClose = (reason) => {
      closed.resolve()
      this.#break(reason)
      calls.fail(reason)
    }
    provePeer(link, 'client', key, () => {
      this.#failedAttempts = 0
      this.#breakReason = ''
      link.onFrame = (frame) => {
        if (frame[0] !== kinds.goAway) return calls.receive(frame)
        this.#setState('draining')
        link.send([kinds.goAway])
      }
      this.#setState('ready')
    })
    this.#setState('connecting')
  }

  /** Somebody waits: the next attempt is made now, unless one was made just before. */
  #hurry(): void {
    if (this.#state !== 'broken' || performance.now() - this.#attemptedAt < firstDelayMs) return
    clearTimeout(this.#retryTimer)
    this.#connect()
  }

  #break(reason: string): void {
    if (this.#state === 'closed') return
    const address = this.address
    if (this.#state === 'connecting') this.#log.debug({ address, reason }, 'RPC connection not made')
    else this.#log.warn({ address, reason }, 'RPC connection lost')
    const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** this.#failedAttempts++)
    // Half of it at random, so that the clients of one server do not all come back at once.
    this.#retryTimer = setTimeout(() => this.#connect(), delayMs * (0.5 + Math.random() / 2))
    this.#breakReason = `: ${reason}`
    this.#setState('broken')
  }

  #setState(state: State): void {
    if (this.#state === 'closed' || this.#state === state) return
    this.#state = state
    for (const listener of this.#listeners) listener(state)
  }

  #openStream(call: OutboundCall): IncomingStream {
    if (this.#state === 'ready') return this.#calls!.openStream(call)
    const stream = new IncomingStream(this.#limits.streamWindow)
    stream.fail(this.#notReady())
    return stream
  }

  #notReady() {
    return notSent('unavailable', `The connection to ${this.address} is ${this.#state}${this.#breakReason}`)
  }
}
