/** Keeps the bytes of a message that comes in, and reads it. */
import { Readable } from 'node:stream'
import type { Blobs } from '#platform/blobs/blobs.ts'
import type { ParsedMessage } from '../mime/message.ts'
import { parseMessage, readMessage } from '../mime/parse.ts'

export interface TakenIn {
  /** Durable. */
  blob: string
  sizeBytes: number
  parsed: ParsedMessage
  /** The whole message, unless it is a large one. */
  bytes: Buffer | undefined
  open: () => Readable
}

/** Larger ones are read again from the store. */
const heldBytes = 512 * 1024

/** Throws what the content throws, `tooLarge` above the limit and `unavailable` where the disk is full; nothing is kept then. */
export async function takeIn(
  blobs: Blobs,
  content: AsyncIterable<Buffer>,
  maxBytes: number,
): Promise<TakenIn> {
  const held: Buffer[] = []
  let heldLength = 0
  const source = content[Symbol.asyncIterator]()
  let isWhole = false
  while (heldLength <= heldBytes) {
    const { done, value } = await source.next()
    if (done) {
      isWhole = true
      break
    }
    held.push(value)
    heldLength += value.length
  }
  return isWhole
    ? keepSmall(blobs, held.length === 1 ? held[0]! : Buffer.concat(held, heldLength), maxBytes)
    : keepLarge(blobs, chain(held, source), maxBytes)
}

/** It is read while the disk writes. */
async function keepSmall(blobs: Blobs, bytes: Buffer, maxBytes: number): Promise<TakenIn> {
  const kept = blobs.put(bytes, { maxBytes })
  // A fault of the disk is thrown below, when the message is read.
  kept.catch(() => undefined)
  const parsed = parseMessage(bytes)
  const { id, sizeBytes } = await kept
  return { blob: id, sizeBytes, parsed, bytes, open: () => Readable.from([bytes]) }
}

async function keepLarge(blobs: Blobs, content: AsyncIterable<Buffer>, maxBytes: number): Promise<TakenIn> {
  const { id, sizeBytes } = await blobs.put(Readable.from(content, { objectMode: false }), { maxBytes })
  const open = () => Readable.from(contentOf(blobs, id), { objectMode: false })
  return { blob: id, sizeBytes, parsed: await readMessage(open()), bytes: undefined, open }
}

async function* contentOf(blobs: Blobs, id: string): AsyncGenerator<Buffer> {
  const stored = await blobs.get(id)
  if (!stored) throw new Error(`blob ${id} is gone`)
  yield* stored as AsyncIterable<Buffer>
}

async function* chain(held: Buffer[], source: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    while (held.length > 0) yield held.shift()!
    for (;;) {
      const { done, value } = await source.next()
      if (done) return
      yield value
    }
  } finally {
    await source.return?.()
  }
}
