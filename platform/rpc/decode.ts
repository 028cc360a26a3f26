/**
 * Reads the MessagePack that `encode.ts` describes from bytes nobody vouches for: every length is checked against
 * what is left before anything is allocated, depth is bounded, extension types and non-string keys are refused.
 */
import { maxDepth } from './encode.ts'

/** The peer broke the protocol; the connection is of no further use. */
export class ProtocolError extends Error {
  override name = 'ProtocolError'
}

// The value being read. Reading is synchronous and calls no one else's code.
let source: Buffer = Buffer.alloc(0)
let base = 0
let position = 0
let limit = 0
/**
 * All of a small source as Latin-1: cutting ASCII strings out of it is cheaper than making each from bytes. A string
 * that is kept keeps it alive, hence the limit.
 */
let text: string | undefined
const maxTextBytes = 512

/** The one value that fills `bytes` from `start` to `end`. Throws `ProtocolError`. */
export function decode(bytes: Buffer, start: number, end: number): unknown {
  source = bytes
  base = start
  position = start
  limit = end
  text = undefined
  const value = readValue(0)
  if (position !== limit) throw new ProtocolError('bytes after the value')
  return value
}

function readValue(depth: number): unknown {
  const type = readByte()
  if (type < 0x80) return type
  if (type < 0x90) return readMap(type & 0x0f, depth + 1)
  if (type < 0xa0) return readArray(type & 0x0f, depth + 1)
  if (type < 0xc0) return readString(type & 0x1f)
  if (type >= 0xe0) return type - 0x100
  switch (type) {
    case 0xc0:
      return null
    case 0xc2:
      return false
    case 0xc3:
      return true
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return readBinary(readUint(1 << (type - 0xc4)))
    case 0xca:
      return source.readFloatBE(advance(4))
    case 0xcb:
      return source.readDoubleBE(advance(8))
    case 0xcc:
    case 0xcd:
    case 0xce:
      return readUint(1 << (type - 0xcc))
    case 0xcf:
      return Number(source.readBigUInt64BE(advance(8)))
    case 0xd0:
      return source.readInt8(advance(1))
    case 0xd1:
      return source.readInt16BE(advance(2))
    case 0xd2:
      return source.readInt32BE(advance(4))
    case 0xd3:
      return Number(source.readBigInt64BE(advance(8)))
    case 0xd9:
    case 0xda:
    case 0xdb:
      return readString(readUint(1 << (type - 0xd9)))
    case 0xdc:
    case 0xdd:
      return readArray(readUint(2 << (type - 0xdc)), depth + 1)
    case 0xde:
    case 0xdf:
      return readMap(readUint(2 << (type - 0xde)), depth + 1)
    default:
      throw new ProtocolError(`type 0x${type.toString(16)} is not used`)
  }
}

function readMap(size: number, depth: number): Record<string, unknown> {
  checkContainer(size * 2, depth)
  const fields: Record<string, unknown> = {}
  for (let i = 0; i < size; i++) {
    const key = readKey()
    const value = readValue(depth)
    if (key === '__proto__') throw new ProtocolError('the key __proto__')
    fields[key] = value
  }
  return fields
}

function readArray(size: number, depth: number): unknown[] {
  checkContainer(size, depth)
  const values: unknown[] = []
  for (let i = 0; i < size; i++) values.push(readValue(depth))
  return values
}

function checkContainer(values: number, depth: number): void {
  // A value takes at least one byte.
  if (values > limit - position) throw new ProtocolError('cut short')
  if (depth > maxDepth) throw new ProtocolError('nested too deep')
}

/** Keys repeat: the last one of each hash is kept. Bounded, and worth a third of the time to read a small map. */
const keys: (string | undefined)[] = Array.from({ length: 1024 })

function readKey(): string {
  const type = readByte()
  if (type >= 0xd9 && type <= 0xdb) return readString(readUint(1 << (type - 0xd9)))
  if (type < 0xa0 || type > 0xbf) throw new ProtocolError('a key that is not a string')
  const length = type & 0x1f
  const start = position
  if (length > limit - start) throw new ProtocolError('cut short')
  let hash = length
  for (let i = start; i < start + length; i++) hash = (hash * 31 + source[i]!) | 0
  const known = keys[hash & 1023]
  if (known !== undefined && isAt(known, start, length)) {
    position += length
    return known
  }
  const key = readString(length)
  if (key.length === length) keys[hash & 1023] = key
  return key
}

/** Whether the ASCII string `known` stands at `start`. */
function isAt(known: string, start: number, length: number): boolean {
  if (known.length !== length) return false
  for (let i = 0; i < length; i++) if (known.charCodeAt(i) !== source[start + i]) return false
  return true
}

function readString(length: number): string {
  const start = advance(length)
  if (limit - base > maxTextBytes || !isAscii(start, position))
    return source.toString('utf8', start, position)
  text ??= source.toString('latin1', base, limit)
  return text.slice(start - base, position - base)
}

function isAscii(start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (source[i]! > 0x7f) return false
  return true
}

/** A copy: a view would keep all the bytes that arrived together alive. */
function readBinary(length: number): Buffer {
  const start = advance(length)
  return Buffer.from(source.subarray(start, position))
}

function readUint(width: number): number {
  let value = 0
  for (let i = 0; i < width; i++) value = value * 256 + readByte()
  return value
}

function readByte(): number {
  if (position >= limit) throw new ProtocolError('cut short')
  return source[position++]!
}

/** Skips `bytes` and gives where they start. */
function advance(bytes: number): number {
  if (bytes > limit - position) throw new ProtocolError('cut short')
  position += bytes
  return position - bytes
}
