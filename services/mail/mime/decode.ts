import { createBase64Decoder } from './base64.ts'
import { viewBytes } from './charset.ts'
import type { Part } from './message.ts'
import { createQuotedPrintableDecoder } from './quoted-printable.ts'

/**
 * What a part holds, decoded, from the bytes of its message read from their beginning. The source is not read
 * further than the part goes; what needs no decoding is given in its own chunks. Throws what the source throws.
 */
export function openPart(source: AsyncIterable<Uint8Array>, part: Part): AsyncGenerator<Buffer> {
  return decodeBody(sliceBytes(source, part.start, part.end), part.encoding)
}

/** Decodes a body; of an encoding that is not known it gives the bytes as they are (RFC 2045 §6.4). */
export async function* decodeBody(
  source: AsyncIterable<Uint8Array>,
  encoding: string,
): AsyncGenerator<Buffer, void, undefined> {
  const decoder = createDecoder(encoding)
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; at += maxChunk) {
      const piece = decoder.write(chunk.subarray(at, at + maxChunk))
      if (piece.length > 0) yield piece
    }
  }
  const rest = decoder.end()
  if (rest.length > 0) yield rest
}

/** The bytes of a stream from an offset to another. */
async function* sliceBytes(
  source: AsyncIterable<Uint8Array>,
  start: number,
  end: number,
): AsyncGenerator<Buffer, void, undefined> {
  let at = 0
  if (end <= start) return
  for await (const chunk of source) {
    const piece = viewBytes(chunk).subarray(Math.max(0, start - at), Math.max(0, end - at))
    at += chunk.length
    if (piece.length > 0) yield piece
    if (at >= end) return
  }
}

/** A body in memory. */
export function decodeBytes(bytes: Uint8Array, encoding: string): Buffer {
  const decoder = createDecoder(encoding)
  const head = decoder.write(bytes)
  const rest = decoder.end()
  return rest.length > 0 ? Buffer.concat([head, rest]) : head
}

/** What is decoded without a pause. */
const maxChunk = 262_144

interface Decoder {
  write(bytes: Uint8Array): Buffer
  end(): Buffer
}

function createDecoder(encoding: string): Decoder {
  if (encoding === 'base64') return createBase64Decoder()
  if (encoding === 'quoted-printable') return createQuotedPrintableDecoder()
  return { write: viewBytes, end: () => Buffer.alloc(0) }
}
