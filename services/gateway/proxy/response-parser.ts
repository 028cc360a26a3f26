/**
 * Reads HTTP/1.1 responses, as strictly as RFC 9112 allows: what two readers could understand differently is not
 * understood at all.
 */
import { ChunkedContent } from './chunked-content.ts'
import { MalformedResponse, readHead, type ResponseHead } from './response-head.ts'

/** Is told what has arrived, in this order. */
export interface ResponseSink {
  /** `framing` `none`: only the end follows. */
  onHead(head: ResponseHead): void
  /** A part of the content, in bytes that may change after the call. `isLast`: only the end follows. */
  onContent(bytes: Buffer, isLast: boolean): void
  onEnd(): void
  /** In place of `onHead`, for 101: what follows is another protocol until the connection ends. */
  onUpgrade(head: ResponseHead): void
}

const maxHeadBytes = 64 * 1024
/** Interim responses before the final one, RFC 9110 §15.2. They are dropped. */
const maxInterim = 16
const headEnd = Buffer.from('\r\n\r\n')

export class ResponseParser {
  #expected: 'nothing' | 'head' | 'length' | 'chunked' | 'close' = 'nothing'
  #sink: ResponseSink | undefined
  #isHeadRequest = false
  #interim = 0
  /** The beginning of a head. */
  #pending: Buffer | undefined
  /** Bytes of the content that are yet to come. */
  #left = 0
  #chunked: ChunkedContent | undefined

  /** A request has been sent: its response goes to `sink`. */
  expect(sink: ResponseSink, isHeadRequest: boolean): void {
    this.#sink = sink
    this.#isHeadRequest = isHeadRequest
    this.#expected = 'head'
    this.#interim = 0
  }

  /** Whether a byte of the response's head has come. */
  get hasBegun(): boolean {
    return this.#expected !== 'head' || this.#pending !== undefined || this.#interim > 0
  }

  /** Nobody wants what is yet to come. */
  ignore(): void {
    this.#sink = nobody
  }

  /** Throws `MalformedResponse`; then the connection is worth nothing any more. */
  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;)
      switch (this.#expected) {
        case 'head':
          if (this.#pending) {
            bytes = Buffer.concat([this.#pending, bytes])
            this.#pending = undefined
          }
          at = this.#takeHead(bytes, at)
          break
        case 'length':
          at = this.#takeLength(bytes, at)
          break
        case 'chunked':
          at = this.#takeChunks(bytes, at)
          break
        case 'close':
          this.#sink!.onContent(bytes.subarray(at), false)
          return
        case 'nothing':
          throw new MalformedResponse('more than the response')
      }
  }

  /** The other side sends nothing more. Gives whether the response ended with it. */
  finish(): boolean {
    if (this.#expected !== 'close') return false
    this.#end()
    return true
  }

  #takeHead(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(headEnd, from)
    if (end === -1) {
      if (bytes.length - from > maxHeadBytes) throw new MalformedResponse('the head is too large')
      // A copy: the bytes may be those of a buffer that is used again.
      this.#pending = Buffer.from(bytes.subarray(from))
      return bytes.length
    }
    const head = readHead(bytes.toString('latin1', from, end + 2), this.#isHeadRequest)
    const next = end + headEnd.length
    if (head.status === 101) {
      this.#expected = 'close'
      this.#sink!.onUpgrade(head)
    } else if (head.status >= 200) this.#begin(head)
    else if (++this.#interim > maxInterim) throw new MalformedResponse('no end of interim responses')
    return next
  }

  #begin(head: ResponseHead): void {
    const { framing, lengthBytes } = head
    const isEmpty = framing === 'none' || (framing === 'length' && lengthBytes === 0)
    this.#left = lengthBytes
    this.#chunked = framing === 'chunked' ? new ChunkedContent() : undefined
    this.#sink!.onHead(head)
    if (isEmpty) this.#end()
    else this.#expected = framing
  }

  #takeLength(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + this.#left)
    this.#left -= end - from
    this.#sink!.onContent(
      from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end),
      this.#left === 0,
    )
    if (this.#left === 0) this.#end()
    return end
  }

  #takeChunks(bytes: Buffer, from: number): number {
    const chunked = this.#chunked!
    const end = chunked.push(bytes, from, (content) => this.#sink!.onContent(content, false))
    if (chunked.isEnded) this.#end()
    return end
  }

  #end(): void {
    this.#expected = 'nothing'
    this.#sink!.onEnd()
  }
}

const nobody: ResponseSink = { onHead() {}, onContent() {}, onEnd() {}, onUpgrade() {} }
