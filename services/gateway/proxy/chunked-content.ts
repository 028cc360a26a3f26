import { MalformedResponse } from './response-head.ts'

/** A chunk's size and its extensions. Then one of the trailer, which is dropped. */
const maxLineBytes = 1_024
const maxTrailerBytes = 16 * 1024
/** RFC 9112 §7.1: a size, and extensions without meaning for us. No more digits than a number is exact for. */
const sizeLine = /^([0-9a-f]{1,12})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/i
const trailerLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/

/** Takes the chunked coding off a content, RFC 9112 §7.1. */
export class ChunkedContent {
  isEnded = false
  #expected: 'size' | 'data' | 'data end' | 'trailer' = 'size'
  /** Bytes of the chunk that are yet to come. */
  #left = 0
  /** The beginning of a line. */
  #line = ''
  #trailerBytes = 0

  /** Gives the place behind the last byte that belongs to the content. Throws `MalformedResponse`. */
  push(bytes: Buffer, from: number, onContent: (bytes: Buffer) => void): number {
    let at = from
    while (at < bytes.length && !this.isEnded) {
      if (this.#expected === 'data') {
        const end = Math.min(bytes.length, at + this.#left)
        onContent(bytes.subarray(at, end))
        this.#left -= end - at
        at = end
        if (this.#left === 0) this.#expected = 'data end'
      } else at = this.#takeLine(bytes, at)
    }
    return at
  }

  #takeLine(bytes: Buffer, from: number): number {
    const lf = bytes.indexOf(0x0a, from)
    const end = lf === -1 ? bytes.length : lf + 1
    this.#line += bytes.toString('latin1', from, end)
    if (this.#line.length > maxLineBytes) throw new MalformedResponse('a chunk begins with too long a line')
    if (lf === -1) return end
    if (!this.#line.endsWith('\r\n')) throw new MalformedResponse('a line of a chunk does not end in CRLF')
    const line = this.#line.slice(0, -2)
    this.#line = ''
    this.#understand(line)
    return end
  }

  #understand(line: string): void {
    if (this.#expected === 'data end') {
      if (line !== '') throw new MalformedResponse('a chunk is longer than it says')
      this.#expected = 'size'
    } else if (this.#expected === 'size') {
      const [, size] = sizeLine.exec(line) ?? []
      if (size === undefined) throw new MalformedResponse('a chunk without a size')
      this.#left = Number.parseInt(size, 16)
      this.#expected = this.#left === 0 ? 'trailer' : 'data'
    } else if (line === '') this.isEnded = true
    else {
      this.#trailerBytes += line.length
      if (!trailerLine.test(line) || this.#trailerBytes > maxTrailerBytes)
        throw new MalformedResponse('the trailer is not one')
    }
  }
}
