import type { Socket } from 'node:net'
import type { Logger } from '#platform/log.ts'
import { standardError } from '#contracts/errors.ts'
import { ProtocolError } from './decode.ts'
import { FrameEncoder } from './encode.ts'
import { decodeFrame, isFrame, kinds, type Frame } from './frame.ts'
import type { RpcLimits } from './rpc.ts'
import { FrameSplitter } from './splitter.ts'

/** Enough for the frames of the handshake: strangers are given no more memory. */
const maxStrangerFrameBytes = 512
/** Frames that wait for the end of the turn. Were there more, the peer would be idle while they are made. */
const maxBatchFrames = 16

/**
 * One established socket as either end sees it: whole frames in and out, signs of life, the end.
 * Frames sent in one turn of the event loop leave in few writes.
 */
export class Link {
  onFrame: (frame: Frame) => void = () => {}
  /** The peer has read what was waiting for it. */
  onDrain: () => void = () => {}
  /** Called once; `reason` is for people. */
  onClose: (reason: string) => void = () => {}
  /** How often frames have been handed to the socket. What was sent in the present turn leaves in the next write. */
  writes = 0
  readonly #socket: Socket
  readonly #limits: RpcLimits
  readonly #log: Logger
  readonly #isServer: boolean
  readonly #encoder = new FrameEncoder()
  readonly #splitter = new FrameSplitter(maxStrangerFrameBytes)
  readonly #heartbeat: NodeJS.Timeout
  /** Until the peer has proved itself; until the socket has closed. */
  #patience: NodeJS.Timeout
  #isProven = false
  #batchedFrames = 0
  #isFlushDue = false
  #isBlocked = false
  #isOpen = true
  #silentIntervals = 0
  #reason = 'closed'

  constructor(socket: Socket, side: 'client' | 'server', limits: RpcLimits, log: Logger) {
    this.#socket = socket
    this.#limits = limits
    this.#log = log
    this.#isServer = side === 'server'
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('drain', () => this.#unblock())
    socket.on('error', (error) => (this.#reason = error.message))
    socket.on('end', () => this.cut('closed by the peer'))
    socket.on('close', () => this.#closed())
    this.#heartbeat = setInterval(() => this.#beat(), limits.pingIntervalMs).unref()
    const giveUp = () => this.cut('connecting and the handshake took too long')
    this.#patience = setTimeout(giveUp, limits.handshakeTimeoutMs).unref()
  }

  /** The peer has proved itself: frames of full size and pings from now on. */
  proven(): void {
    clearTimeout(this.#patience)
    this.#isProven = true
    this.#splitter.maxFrameBytes = this.#limits.maxFrameBytes
  }

  /** The peer does not read as fast as we write. */
  get isBlocked(): boolean {
    return this.#isBlocked
  }

  /**
   * Throws what keeps this one frame from being sent, and leaves the link as it was: `tooLarge`, `overloaded` when
   * too much is waiting for the peer, TypeError for a value that can't travel.
   */
  send(frame: Frame): void {
    if (!this.#isOpen) return
    if (!isFrame(frame)) throw new TypeError('the method, identity token or idempotency key is too long')
    if (this.#encoder.length > this.#limits.maxQueuedBytes && payloadKinds.has(frame[0]))
      throw standardError('overloaded', 'The peer reads too slowly')
    this.#encoder.append(frame, this.#limits.maxFrameBytes)
    if (++this.#batchedFrames === maxBatchFrames) this.#flush()
    else if (!this.#isFlushDue) {
      this.#isFlushDue = true
      // After everything that is ready in this turn, whichever socket it came from.
      setImmediate(() => {
        this.#isFlushDue = false
        this.#flush()
      })
    }
  }

  /** Sends what is waiting, then closes. */
  end(reason: string): void {
    if (!this.#isProven) this.cut(reason)
    if (!this.#isOpen) return
    this.#isBlocked = false
    this.#flush()
    this.#isOpen = false
    this.#reason = reason
    this.#socket.resume().end()
    // A peer that does not read must not keep us.
    this.#patience = setTimeout(() => this.#socket.destroy(), 500).unref()
  }

  /** Closes at once. */
  cut(reason: string): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#reason = reason
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#silentIntervals = 0
    try {
      this.#splitter.push(chunk, (bytes, start, end) => this.#dispatch(decodeFrame(bytes, start, end)))
    } catch (error) {
      const isTheirs = error instanceof ProtocolError
      const peer = this.#socket.remoteAddress
      this.#log[isTheirs ? 'warn' : 'error']({ err: error, peer }, 'RPC peer cut off')
      this.cut(isTheirs ? `protocol error: ${error.message}` : 'internal error')
    }
  }

  /** Whether to go on. */
  #dispatch(frame: Frame): boolean {
    if (!this.#isOpen) return false
    if (this.#isProven && frame[0] === kinds.ping) this.send([kinds.pong])
    else if (!this.#isProven || frame[0] !== kinds.pong) this.onFrame(frame)
    return this.#isOpen
  }

  #flush(): void {
    if (!this.#isOpen || this.#isBlocked || this.#encoder.length === 0) return
    this.writes++
    this.#batchedFrames = 0
    if (this.#socket.write(this.#encoder.take())) return
    this.#isBlocked = true
    // A server takes no more work from a client that does not read. If clients did the same, both could wait for ever.
    if (this.#isServer) this.#socket.pause()
  }

  #unblock(): void {
    this.#isBlocked = false
    this.#socket.resume()
    this.#flush()
    if (this.#isOpen) this.onDrain()
  }

  #beat(): void {
    // Counted rather than measured: after a long turn of our own event loop the peer's bytes are yet to be read.
    const silentMs = this.#silentIntervals++ * this.#limits.pingIntervalMs
    if (silentMs >= this.#limits.silenceMs) this.cut(`silent for ${silentMs} ms`)
    else if (silentMs > 0 && this.#isProven) this.send([kinds.ping])
  }

  #closed(): void {
    this.#isOpen = false
    clearInterval(this.#heartbeat)
    clearTimeout(this.#patience)
    this.onClose(this.#reason)
  }
}

const payloadKinds = new Set<number>([kinds.call, kinds.openStream, kinds.answer, kinds.item])
