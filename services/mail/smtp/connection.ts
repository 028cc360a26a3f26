import type { Socket } from 'node:net'
import { TLSSocket, type SecureContext } from 'node:tls'

/** Octets read ahead before the socket is paused; each piece counts as this many more, for what it costs to hold. */
const readAheadBytes = 64 * 1024
const pieceBytes = 256
/** Octets of answers that a client may leave unread before its commands wait. */
const unreadBytes = 32 * 1024
const lineFeed = 10
const carriageReturn = 13

export type LineFault = 'gone' | 'late' | 'interrupted' | 'tooLong' | 'bareLineFeed' | 'binary'

/** The two directions of one socket: lines and octets in, on demand; answers out, gathered until somebody waits. */
export class Connection {
  readonly #lingerMs: number
  #socket: Socket
  #pieces: Buffer[] = []
  #heldBytes = 0
  #answers = ''
  #isPeerDone = false
  #isEnding = false
  #isInterrupted = false
  #wake: (() => void) | undefined
  readonly #closed = Promise.withResolvers<void>()

  /** `socket` allows half open connections: a client that is done may still read its answers. */
  constructor(socket: Socket, lingerMs: number) {
    this.#socket = socket
    this.#lingerMs = lingerMs
    this.#attach()
  }

  /** Resolves when the socket is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  get isEnding(): boolean {
    return this.#isEnding
  }

  get hasInput(): boolean {
    return this.#pieces.length > 0
  }

  /** Without its CR LF. A line that never ends is told as soon as it is too long. */
  async readLine(maxBytes: number, timeoutMs: number): Promise<{ line: Buffer } | { fault: LineFault }> {
    const deadline = Date.now() + timeoutMs
    const parts: Buffer[] = []
    let length = 0
    for (;;) {
      if (this.#isInterrupted) return { fault: 'interrupted' }
      const piece = this.#take()
      if (!piece) {
        const fault = await this.#wait(deadline - Date.now())
        if (fault) return { fault }
        continue
      }
      const end = piece.indexOf(lineFeed)
      const part = end === -1 ? piece : piece.subarray(0, end + 1)
      if (end !== -1) this.unread(piece.subarray(end + 1))
      length += part.length
      parts.push(part)
      if (isControl(parts[0]![0]!)) return { fault: 'binary' }
      if (length > maxBytes) return { fault: 'tooLong' }
      if (end === -1) continue
      const line = parts.length === 1 ? part : Buffer.concat(parts, length)
      if (line[length - 2] !== carriageReturn) return { fault: 'bareLineFeed' }
      return { line: line.subarray(0, length - 2) }
    }
  }

  /** What is there, as it came; never empty. */
  async read(timeoutMs: number): Promise<Buffer | 'gone' | 'late'> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const piece = this.#take()
      if (piece) return piece
      const fault = await this.#wait(deadline - Date.now())
      if (fault) return fault
    }
  }

  /** Puts back the end of what was read last. */
  unread(rest: Buffer): void {
    if (rest.length === 0) return
    this.#pieces.unshift(rest)
    this.#heldBytes += rest.length + pieceBytes
  }

  /** Drops what was read ahead. */
  forget(): void {
    this.#pieces = []
    this.#heldBytes = 0
  }

  /** `answer` ends with CR LF. */
  write(answer: string): void {
    this.#answers += answer
  }

  /** Resolves when the client takes its answers; a client that does not for so long is gone. */
  async flush(timeoutMs: number): Promise<void> {
    this.#send()
    if (this.#socket.writableLength < unreadBytes) return
    const socket = this.#socket
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.destroy(), timeoutMs)
      const done = () => {
        clearTimeout(timer)
        socket.off('drain', done).off('close', done)
        resolve()
      }
      socket.on('drain', done).on('close', done)
      if (socket.destroyed) done()
    })
  }

  /** Time to flush. */
  get hasManyAnswers(): boolean {
    return this.#answers.length + this.#socket.writableLength > unreadBytes / 2
  }

  /** The handshake; undefined where it fails, and then the connection is gone. */
  async secure(
    context: SecureContext,
    timeoutMs: number,
  ): Promise<{ protocol: string; cipher: string } | undefined> {
    this.#send()
    const plain = this.#socket
    for (const event of ['data', 'end', 'close']) plain.removeAllListeners(event)
    const socket = new TLSSocket(plain, { isServer: true, secureContext: context })
    this.#socket = socket
    this.#attach()
    const isSecure = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => socket.destroy(), timeoutMs)
      socket.once('secure', () => resolve(true))
      socket.once('end', () => socket.destroy())
      socket.once('close', () => resolve(false))
      void this.closed.then(() => clearTimeout(timer))
      socket.once('secure', () => clearTimeout(timer))
    })
    if (!isSecure) return undefined
    const { standardName } = socket.getCipher()
    return { protocol: socket.getProtocol() ?? '', cipher: standardName }
  }

  /** RFC 9266: only of TLS 1.3, where it is unique to the connection. */
  exportedKey(): Buffer | undefined {
    if (!(this.#socket instanceof TLSSocket) || this.#socket.getProtocol() !== 'TLSv1.3') return undefined
    return this.#socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
  }

  /** Whoever waits for a line, now or later, is told. */
  interrupt(): void {
    this.#isInterrupted = true
    this.#wake?.()
  }

  /** Says what is left to say and closes. What still comes is read and dropped for a while, never acted upon. */
  end(): void {
    if (this.#isEnding) return
    this.#send()
    this.#isEnding = true
    this.forget()
    const socket = this.#socket
    socket.end()
    socket.resume()
    const timer = setTimeout(() => socket.destroy(), this.#lingerMs)
    void this.closed.then(() => clearTimeout(timer))
    this.#wake?.()
  }

  destroy(): void {
    this.#isEnding = true
    this.#socket.destroy()
  }

  #attach(): void {
    const socket = this.#socket
    socket.on('data', (piece: Buffer) => {
      if (this.#isEnding) return
      this.#pieces.push(piece)
      this.#heldBytes += piece.length + pieceBytes
      if (this.#heldBytes > readAheadBytes) socket.pause()
      this.#wake?.()
    })
    socket.on('end', () => {
      this.#isPeerDone = true
      this.#wake?.()
    })
    // What follows an error is `close`.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isPeerDone = true
      this.#isEnding = true
      this.#wake?.()
      this.#closed.resolve()
    })
  }

  #take(): Buffer | undefined {
    const piece = this.#pieces.shift()
    if (!piece) return undefined
    this.#heldBytes -= piece.length + pieceBytes
    if (this.#heldBytes <= readAheadBytes && this.#socket.isPaused()) this.#socket.resume()
    return piece
  }

  async #wait(timeoutMs: number): Promise<'gone' | 'late' | undefined> {
    if (this.#isPeerDone || this.#isEnding) return 'gone'
    if (timeoutMs <= 0) return 'late'
    this.#send()
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), timeoutMs)
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve()
      }
    })
    return undefined
  }

  #send(): void {
    if (this.#answers === '' || this.#isEnding) return
    this.#socket.write(this.#answers)
    this.#answers = ''
  }
}

/** But CR, LF and TAB. No command begins so; TLS does. */
function isControl(octet: number): boolean {
  return octet < 32 && octet !== carriageReturn && octet !== lineFeed && octet !== 9
}
