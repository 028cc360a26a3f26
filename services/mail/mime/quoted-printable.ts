import { hexValue } from './words.ts'

/** RFC 2045 §6.7; what is no proper escape stays as it is. */
export function createQuotedPrintableDecoder() {
  let carry: Uint8Array = Buffer.alloc(0)
  return {
    write(bytes: Uint8Array): Buffer {
      const source = carry.length > 0 ? Buffer.concat([carry, bytes]) : bytes
      const { out, read } = decode(source, false)
      carry = Buffer.from(source.subarray(read))
      return out
    },
    end: (): Buffer => decode(carry, true).out,
  }
}

/** A longer run of white space is taken as text without looking what follows it. */
const maxHeldWhiteSpace = 1_000

/** Stops at what can only be understood with more bytes, unless there are no more. */
function decode(source: Uint8Array, isLast: boolean): { out: Buffer; read: number } {
  const out = Buffer.allocUnsafe(source.length)
  const size = source.length
  let length = 0
  let at = 0
  while (at < size) {
    const byte = source[at] as number
    if (byte !== 0x3d && byte !== 0x20 && byte !== 0x09) {
      out[length++] = byte
      at += 1
      continue
    }
    const next = byte === 0x3d ? at + 1 : at
    const high = byte === 0x3d ? hexValue(source[next]) : -1
    if (high >= 0) {
      if (next + 1 >= size && !isLast) break
      const low = hexValue(source[next + 1])
      if (low >= 0) {
        out[length++] = high * 16 + low
        at = next + 2
      } else {
        out[length++] = byte
        at = next
      }
      continue
    }
    let end = next
    while (end < size && end - next < maxHeldWhiteSpace && isBlank(source[end])) end += 1
    const isWhole = end < size ? source[end] !== 0x0d || end + 1 < size : isLast
    if (!isWhole && end - next < maxHeldWhiteSpace) break
    const eol = lineEnd(source, end, isLast)
    if (eol < 0) {
      // Neither a soft break nor the end of a line: text.
      while (at < end) out[length++] = source[at++] as number
    } else at = byte === 0x3d ? end + eol : end
  }
  return { out: out.subarray(0, length), read: at }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09
}

/** Length of the line break at an offset; 0 at the end of all, -1 where there is none. */
function lineEnd(source: Uint8Array, at: number, isLast: boolean): number {
  if (at >= source.length) return isLast ? 0 : -1
  if (source[at] === 0x0a) return 1
  return source[at] === 0x0d && source[at + 1] === 0x0a ? 2 : -1
}
