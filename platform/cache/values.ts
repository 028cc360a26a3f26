import { Packr } from 'msgpackr'

const packr = new Packr({ useRecords: false, copyBuffers: true })

/** First byte of a MessagePack array of one element. */
const arrayOfOne = 0x91

/** A value is stored as the one element of an array, so that it cannot be taken for a counter: decimal digits. */
export function encode(value: unknown): Buffer {
  return packr.pack([value])
}

/** The value or the count. Throws when the bytes are neither. */
export function decode(bytes: Buffer): unknown {
  if (bytes[0] === arrayOfOne) return (packr.unpack(bytes) as unknown[])[0]
  const digits = bytes.toString('latin1')
  if (!/^\d+$/.test(digits)) throw new Error('neither a cached value nor a counter')
  return Number(digits)
}
