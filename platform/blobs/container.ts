/**
 * The stored form of a blob. Integers are big-endian.
 *
 *     header   28 bytes: 'DKBLOB', version u8 = 1, flags u8 (1: encrypted), salt (16 random bytes when
 *              encrypted, else zeros), CRC-32 of the 24 bytes before
 *     blocks   256 KiB of the plain bytes each (the last: what is left) as a zstd frame, or as they are where
 *              that is not smaller; encrypted when the flag says so; then a tag of 16 bytes
 *     index    for each block, u32: its stored length without the tag, top bit set when compressed
 *     footer   60 bytes: plain length u64, SHA-256 of the plain bytes, tag of header, index and these 40 bytes,
 *              CRC-32 of the 56 bytes before
 *
 * Blocks are numbered from 0; the tag in the footer has the number 2³² - 1. Tags are those of `seal.ts`.
 * The CRCs tell damage from a missing key, and a damaged length before it is believed.
 */
import { createHash, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { crc32, zstdCompress, zstdCompressSync } from 'node:zlib'
import { standardError } from '#contracts/errors.ts'
import type { BlobInfo } from './blobs.ts'
import { checksumSeal, encryptionSeal } from './seal.ts'

export const magic = Buffer.from('DKBLOB\x01')
export const headerBytes = 28
export const footerBytes = 60
export const blockBytes = 256 * 1024
export const compressedBit = 0x8000_0000
export const indexNumber = 0xffff_ffff

const compressAside = promisify(zstdCompress)
/** Less than it takes to have another thread do it. */
const compressedHereBytes = 32 * 1024

export interface WriteOptions {
  encryptionKey?: Buffer | undefined
  maxBytes?: number | undefined
}

/** Hands the stored form of `content` to `write`, a piece at a time. Throws `tooLarge` above `maxBytes`. */
export async function writeContainer(
  content: AsyncIterable<Buffer>,
  { encryptionKey, maxBytes = Infinity }: WriteOptions,
  write: (bytes: Buffer) => Promise<void>,
): Promise<BlobInfo> {
  const salt = encryptionKey ? randomBytes(16) : Buffer.alloc(16)
  const seal = encryptionKey ? encryptionSeal(encryptionKey, salt) : checksumSeal
  const header = withCrc(magic, Buffer.of(encryptionKey ? 1 : 0), salt)
  await write(header)

  const hash = createHash('sha256')
  const lengths: number[] = []
  let sizeBytes = 0
  for await (const block of cut(atMost(maxBytes, content), () => blockBytes)) {
    sizeBytes += block.length
    hash.update(block)
    const smaller = block.length <= compressedHereBytes ? zstdCompressSync(block) : await compressAside(block)
    const isCompressed = smaller.length < block.length
    const { bytes, tag } = seal.close(lengths.length, isCompressed ? smaller : block)
    lengths.push(bytes.length + (isCompressed ? compressedBit : 0))
    await write(bytes)
    await write(tag)
  }

  const digest = hash.digest()
  const index = Buffer.concat(lengths.map(u32))
  const sizeAndDigest = Buffer.alloc(40)
  sizeAndDigest.writeBigUInt64BE(BigInt(sizeBytes))
  digest.copy(sizeAndDigest, 8)
  const tag = seal.tag(indexNumber, Buffer.concat([header, index, sizeAndDigest]))
  await write(index)
  await write(withCrc(sizeAndDigest, tag))
  return { id: digest.toString('hex'), sizeBytes }
}

async function* atMost(maxBytes: number, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of content) {
    bytes += chunk.length
    if (bytes > maxBytes) throw standardError('tooLarge', `more than ${maxBytes} bytes`)
    yield chunk
  }
}

/** Cuts a stream into pieces of `lengthOf(0)`, `lengthOf(1)` … bytes; the last one is shorter when it ends early. */
export async function* cut(
  chunks: AsyncIterable<Buffer>,
  lengthOf: (piece: number) => number,
): AsyncGenerator<Buffer> {
  let pieces = 0
  let filled = 0
  let piece: Buffer | undefined
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      piece ??= Buffer.allocUnsafe(lengthOf(pieces))
      const copied = chunk.copy(piece, filled, at)
      at += copied
      filled += copied
      if (filled < piece.length) continue
      yield piece
      piece = undefined
      filled = 0
      pieces++
    }
  }
  if (piece) yield piece.subarray(0, filled)
}

function withCrc(...parts: Buffer[]): Buffer {
  const bytes = Buffer.concat(parts)
  return Buffer.concat([bytes, u32(crc32(bytes))])
}

export function hasCrc(bytes: Buffer): boolean {
  return crc32(bytes.subarray(0, -4)) === bytes.readUInt32BE(bytes.length - 4)
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
