/** One connection to an upstream, for one request at a time. */
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { MalformedResponse } from './response-head.ts'
import { ResponseParser, type ResponseSink } from './response-parser.ts'

/** A request that has the connection, until it lets go or is told of a failure. */
export interface ConnectionUser extends ResponseSink {
  onConnected(connection: UpstreamConnection): void
  /** The upstream takes bytes again. */
  onDrain(): void
  /** The connection is gone and the response is not whole. */
  onFailure(error: Error, connection: UpstreamConnection): void
}

export interface UpstreamOptions {
  host: string
  port: number
  isTls: boolean
}

/** What a connection tells its pool. */
interface Pool {
  /** It takes another request. */
  onIdle(connection: UpstreamConnection): void
  onClose(connection: UpstreamConnection): void
}

const connectSeconds = 3
/** Less than the 5 s after which many servers close an idle connection: a request must not cross the closing. */
const idleSeconds = 4
/** An upstream that stops in the middle of a response; the beginning has the request's own deadline. */
const stalledSeconds = 60

/** Connections take turns: what a read brings is used up or copied before the next one. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024)

export class UpstreamConnection {
  readonly #pool: Pool
  readonly #socket: Socket
  readonly #parser = new ResponseParser()
  #user: ConnectionUser | undefined
  #state: 'connecting' | 'busy' | 'tunnel' | 'idle' | 'closed' = 'connecting'
  #isReusable = false
  #requests = 0
  #idleSeconds = idleSeconds
  /** Seconds since anything happened. */
  #quiet = 0
  #error: Error | undefined

  constructor({ host, port, isTls }: UpstreamOptions, user: ConnectionUser, pool: Pool) {
    this.#pool = pool
    this.#user = user
    const onread = { buffer: readBuffer, callback: (length: number) => this.#receive(length) }
    const options = { host, port, noDelay: true, onread }
    this.#socket = isTls
      ? connectTls({ ...options, servername: host, ALPNProtocols: ['http/1.1'] })
      : connectTcp(options)
    this.#socket
      .on(isTls ? 'secureConnect' : 'connect', () => this.#connected())
      .on('drain', () => this.#user?.onDrain())
      .on('end', () => this.#finish())
      .on('error', (error) => (this.#error = error))
      .on('close', () => this.#closed())
  }

  /** Whether a request before this one went over it: then the upstream may have closed it by now. */
  get isReused(): boolean {
    return this.#requests > 1
  }

  get hasResponseBegun(): boolean {
    return this.#parser.hasBegun
  }

  /** Takes it out of idleness. */
  give(user: ConnectionUser): void {
    this.#user = user
    this.#state = 'busy'
    this.#quiet = 0
    user.onConnected(this)
  }

  /** The response goes to the user. */
  sendHead(head: string, isHeadRequest: boolean): void {
    this.#requests++
    this.#parser.expect(this.#user!, isHeadRequest)
    this.#socket.write(head, 'latin1')
  }

  /** Gives false when the upstream does not take more: wait for `onDrain`. */
  write(bytes: Buffer | string): boolean {
    this.#quiet = 0
    return this.#socket.write(bytes, 'latin1')
  }

  /** RFC 9112 §7.1. */
  writeChunk(bytes: Buffer): boolean {
    this.#socket.cork()
    this.#socket.write(`${bytes.length.toString(16)}\r\n`, 'latin1')
    this.#socket.write(bytes)
    const hasRoom = this.write('\r\n')
    this.#socket.uncork()
    return hasRoom
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#quiet = 0
    this.#socket.resume()
  }

  /** The user has its response. Nothing more may come before the next request. */
  release(isReusable: boolean, keepAliveSeconds: number | undefined): void {
    this.#user = undefined
    this.#isReusable = isReusable
    this.#socket.resume()
    // A second less than the upstream says, so that it is not the first to close.
    this.#idleSeconds = keepAliveSeconds === undefined ? idleSeconds : keepAliveSeconds - 1
  }

  /** It carries another protocol from now on, which may be silent as long as it likes. */
  becomeTunnel(): void {
    this.#state = 'tunnel'
  }

  destroy(error?: Error): void {
    this.#error ??= error
    this.#socket.destroy()
  }

  /** Cuts the connection off; the user is told nothing more. */
  abandon(): void {
    this.#user = undefined
    this.#parser.ignore()
    this.destroy()
  }

  /** A second has passed. */
  tick(): void {
    this.#quiet++
    if (this.#state === 'connecting' && this.#quiet >= connectSeconds)
      this.destroy(new Error('connecting took too long'))
    if (this.#state === 'idle' && this.#quiet >= this.#idleSeconds) this.destroy()
    const isStalled = this.#state === 'busy' && this.hasResponseBegun && !this.#socket.isPaused()
    if (isStalled && this.#quiet >= stalledSeconds) this.destroy(new Error('the response has stalled'))
  }

  #connected(): void {
    if (this.#user) this.give(this.#user)
    else this.destroy()
  }

  #receive(length: number): boolean {
    this.#quiet = 0
    try {
      this.#parser.push(readBuffer.subarray(0, length))
    } catch (error) {
      if (!(error instanceof MalformedResponse)) throw error
      this.destroy(error)
    }
    this.#restIfDone()
    return true
  }

  #finish(): void {
    if (this.#parser.finish()) this.#restIfDone()
  }

  /** Only now that all that came with the response is known to belong to it. */
  #restIfDone(): void {
    if (this.#user || this.#state === 'idle') return
    if (!this.#isReusable || this.#idleSeconds < 1) return this.destroy()
    this.#state = 'idle'
    this.#pool.onIdle(this)
  }

  #closed(): void {
    this.#state = 'closed'
    this.#pool.onClose(this)
    const user = this.#user
    this.#user = undefined
    user?.onFailure(this.#error ?? new Error('the upstream has closed the connection'), this)
  }
}
