import type { Blobs } from '#platform/blobs/blobs.ts'
import { fieldOf, parseHeader } from '../mime/header.ts'
import { readIds } from '../mime/envelope.ts'
import type { StoredMessage } from '../store/reading.ts'

const headerBytes = 128 * 1024
/** RFC 5322 §3.6.4 says all; what is longer is the middle of a long talk. */
const mostReferences = 50

/** What an answer to a message refers to. */
export async function referencesBefore(
  blobs: Blobs,
  { blob, messageId }: StoredMessage,
): Promise<{ inReplyTo?: string[]; references?: string[] }> {
  if (messageId === null) return {}
  const source = await blobs.get(blob, { start: 0, end: headerBytes })
  const chunks: Buffer[] = []
  if (source) for await (const chunk of source as AsyncIterable<Buffer>) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const end = bytes.indexOf('\r\n\r\n')
  const { fields } = parseHeader(end < 0 ? bytes : bytes.subarray(0, end + 2))
  const before = readIds(fieldOf(fields, 'references') ?? fieldOf(fields, 'in-reply-to'))
  return { inReplyTo: [messageId], references: [...before.slice(-mostReferences), messageId] }
}
