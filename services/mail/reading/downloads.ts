/** Attachments and whole messages, as files. */
import { Readable } from 'node:stream'
import type { z } from 'zod'
import type { Download } from '#contracts/blobs.ts'
import { decodeBody } from '../mime/decode.ts'
import { findPart } from '../mime/structure.ts'
import type { Part } from '../mime/message.ts'
import { callerOf, type Calls, type Query } from '../settings.ts'
import { findMessage, structureOf, type StoredMessage } from '../store/reading.ts'
import { openStored } from './stored.ts'

/** Of a message shown as text. */
const shownBytes = 512 * 1024

export const downloadPart: Calls['downloadPart'] = async ({ messageId, part: number }, context) => {
  const message = await messageOf(context, messageId)
  const structure = (await structureOf(context.db, message.blob)) ?? context.fail('notFound')
  const part = findPart(structure, number) ?? context.fail('notFound', 'The message has no such part.')
  const attachment = message.attachments.find((each) => each.part === number)
  const fileName = attachment?.fileName ?? `part-${number}`
  return temporary(context, `part:${message.blob}:${number}`, {
    mediaType: attachment?.mediaType ?? part.mediaType,
    fileName,
    open: async () =>
      Readable.from(decodeBody(await openRange(context, message.blob, part), part.encoding), {
        objectMode: false,
      }),
  })
}

export const downloadMessage: Calls['downloadMessage'] = async ({ messageId }, context) => {
  const message = await messageOf(context, messageId)
  const title =
    message.subject
      .replaceAll(/[^\p{L}\p{M}\p{N} ._-]+/gu, ' ')
      .trim()
      .slice(0, 80) || 'message'
  return temporary(context, `message:${messageId}`, {
    mediaType: 'message/rfc822',
    fileName: `${title}.eml`,
    open: () => openStored(context.blobs, message),
  })
}

export const showOriginal: Calls['showOriginal'] = async ({ messageId }, context) => {
  const message = await messageOf(context, messageId)
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of (await openStored(context.blobs, message)) as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > shownBytes) break
  }
  const source = Buffer.concat(chunks).subarray(0, shownBytes).toString('utf8').replaceAll('\0', '\u{fffd}')
  return { source, isCut: length > shownBytes, sizeBytes: message.sizeBytes }
}

async function messageOf(context: Query, id: string): Promise<StoredMessage> {
  return (await findMessage(context.db, callerOf(context).accountId, id)) ?? context.fail('notFound')
}

/** Only the bytes of the part: a small attachment of a large message is quickly there. */
async function openRange(context: Query, blob: string, { start, end }: Part): Promise<Readable> {
  if (start === end) return Readable.from([])
  return (await context.blobs.get(blob, { start, end })) ?? context.fail('notFound')
}

interface File {
  mediaType: string
  fileName: string
  open: () => Promise<Readable>
}

const rememberedMs = 6 * 3_600_000

/** What is made of a stored message is kept for a day among the uploads, where ranges of it can be read. */
async function temporary(
  context: Query,
  key: string,
  { mediaType, fileName, open }: File,
): Promise<z.input<typeof Download>> {
  const made = await context.cache.read(`mail:download:${key}`, rememberedMs, async () => {
    const { id, sizeBytes } = await context.uploads.put(await open(), { signal: context.signal })
    return { blob: id, sizeBytes }
  })
  return { ...made, mediaType, fileName: fileName.slice(0, 255), isTemporary: true }
}
