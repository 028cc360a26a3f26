/** The bytes of messages that are kept. */
import { Readable } from 'node:stream'
import type { Blobs } from '#platform/blobs/blobs.ts'
import type { ParsedMessage } from '../mime/message.ts'
import { readMessage } from '../mime/parse.ts'

export interface Stored {
  blob: string
  /** Header fields that stand before the bytes of the blob. */
  trace: string
}

/** The message as mail programs get it: trace, then the bytes as they came. */
export async function openStored(blobs: Blobs, { blob, trace }: Stored): Promise<Readable> {
  const content = await openBlob(blobs, blob)
  return trace === '' ? content : Readable.from(after(Buffer.from(trace), content), { objectMode: false })
}

export async function openBlob(blobs: Blobs, blob: string): Promise<Readable> {
  const content = await blobs.get(blob)
  if (!content) throw new Error(`blob ${blob} is not there`)
  return content
}

export async function readStored(blobs: Blobs, blob: string): Promise<ParsedMessage> {
  return readMessage(await openBlob(blobs, blob))
}

async function* after(first: Buffer, rest: Readable): AsyncGenerator<Buffer> {
  yield first
  yield* rest as AsyncIterable<Buffer>
}
