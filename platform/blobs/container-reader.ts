import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { standardError } from '#contracts/errors.ts'
import { BlobCorrupt, type BlobId, type BlobRange } from './blobs.ts'
import {
  blockBytes,
  compressedBit,
  cut,
  footerBytes,
  hasCrc,
  headerBytes,
  indexNumber,
  magic,
} from './container.ts'
import { checksumSeal, encryptionSeal, tagBytes, type Seal } from './seal.ts'

const decompress = promisify(zstdDecompress)

/** The bytes of one container, wherever they are. */
export interface StoredBytes {
  sizeBytes: number
  /** `[start, end)`; ends early where they are truncated. */
  read(start: number, end: number): AsyncIterable<Buffer>
}

/** A container whose header, index and footer are intact. */
export interface Container {
  id: BlobId
  sizeBytes: number
  stored: StoredBytes
  seal: Seal
  /** Where each block starts in the stored bytes; one entry more says where the last one ends. */
  blocks: { start: number; isCompressed: boolean }[]
}

/** Throws BlobCorrupt, and an Error when the blob is encrypted and there is no key. */
export async function openContainer(
  id: BlobId,
  stored: StoredBytes,
  encryptionKey: Buffer | undefined,
): Promise<Container> {
  const check = (isIntact: boolean, what: string) => {
    if (!isIntact) throw new BlobCorrupt(id, what)
  }
  const footerStart = stored.sizeBytes - footerBytes
  check(footerStart >= headerBytes, 'truncated')
  const header = await readWhole(stored, 0, headerBytes)
  check(hasCrc(header) && header.subarray(0, magic.length).equals(magic), 'damaged header')
  const footer = await readWhole(stored, footerStart, stored.sizeBytes)
  check(hasCrc(footer), 'damaged footer, or truncated')
  check(footer.toString('hex', 8, 40) === id, 'holds other content')

  const sizeBytes = Number(footer.readBigUInt64BE(0))
  const indexStart = footerStart - Math.ceil(sizeBytes / blockBytes) * 4
  check(indexStart >= headerBytes, 'truncated')
  const index = await readWhole(stored, indexStart, footerStart)
  const seal = sealOf(header, encryptionKey)
  const tag = seal.tag(indexNumber, Buffer.concat([header, index, footer.subarray(0, 40)]))
  check(tag.equals(footer.subarray(40, 56)), 'damaged index, or encrypted with another key')

  const blocks = blocksOf(index)
  check(blocks.at(-1)?.start === indexStart, 'truncated')
  return { id, sizeBytes, stored, seal, blocks }
}

export function isEncrypted({ seal }: Container): boolean {
  return seal !== checksumSeal
}

async function readWhole(stored: StoredBytes, start: number, end: number): Promise<Buffer> {
  if (start === end) return Buffer.alloc(0)
  const bytes: Buffer[] = []
  for await (const chunk of stored.read(start, end)) bytes.push(chunk)
  return Buffer.concat(bytes, end - start)
}

function sealOf(header: Buffer, encryptionKey: Buffer | undefined): Seal {
  if (!header[magic.length]) return checksumSeal
  if (!encryptionKey) throw new Error('the blob is encrypted and there is no key')
  return encryptionSeal(encryptionKey, header.subarray(magic.length + 1, headerBytes - 4))
}

function blocksOf(index: Buffer): Container['blocks'] {
  const blocks: Container['blocks'] = []
  let start = headerBytes
  for (let at = 0; at < index.length; at += 4) {
    const entry = index.readUInt32BE(at)
    blocks.push({ start, isCompressed: entry >= compressedBit })
    start += (entry % compressedBit) + tagBytes
  }
  blocks.push({ start, isCompressed: false })
  return blocks
}

/** The range cut to a blob of that size. Throws `invalid` when it makes no sense for any blob. */
export function rangeWithin(sizeBytes: number, range: BlobRange = { start: 0 }): Required<BlobRange> {
  const { start, end = Number.MAX_SAFE_INTEGER } = range
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
    throw standardError('invalid', `no such range: [${start}, ${end})`)
  return { start: Math.min(start, sizeBytes), end: Math.min(end, sizeBytes) }
}

/** The plain bytes `[start, end)`. Throws BlobCorrupt instead of yielding a block that does not match. */
export async function* readContainer(
  container: Container,
  { start, end }: Required<BlobRange>,
): AsyncGenerator<Buffer> {
  if (start === end) return
  const { id, stored, blocks, sizeBytes } = container
  const first = Math.floor(start / blockBytes)
  const afterLast = Math.ceil(end / blockBytes)
  const startOf = (number: number) => blocks[number]?.start ?? 0
  const lengthOf = (piece: number) => startOf(first + piece + 1) - startOf(first + piece)
  // A whole read also proves that the content is what the id says, whatever wrote the container.
  const whole = end - start === sizeBytes ? createHash('sha256') : undefined

  let number = first
  for await (const piece of cut(stored.read(startOf(first), startOf(afterLast)), lengthOf)) {
    if (piece.length < lengthOf(number - first)) break
    const plain = await openBlock(container, number, piece)
    const blockStart = number * blockBytes
    number++
    whole?.update(plain)
    if (number === afterLast && whole && whole.digest('hex') !== id)
      throw new BlobCorrupt(id, 'holds other content')
    yield plain.subarray(Math.max(start - blockStart, 0), end - blockStart)
  }
  if (number < afterLast) throw new BlobCorrupt(id, 'truncated')
}

async function openBlock({ id, seal, blocks }: Container, number: number, sealed: Buffer): Promise<Buffer> {
  const bytes = seal.open(number, sealed.subarray(0, -tagBytes), sealed.subarray(-tagBytes))
  if (!bytes) throw new BlobCorrupt(id, `block ${number} does not match its checksum`)
  return blocks[number]?.isCompressed ? decompress(bytes, { maxOutputLength: blockBytes }) : bytes
}
