/** What a message says, for showing. */
import { decodeText } from '../mime/charset.ts'
import { decodeBody } from '../mime/decode.ts'
import { parseHeader } from '../mime/header.ts'
import type { HeaderField, Part } from '../mime/message.ts'
import { callerOf, type Calls, type Query } from '../settings.ts'
import { wayOut } from '../rules/unsubscribe.ts'
import { findMessage, structureOf, type StoredMessage } from '../store/reading.ts'

/** Of each of text and HTML. */
const shownBytes = 2 * 1024 * 1024
const mostParts = 200

export const showMessageBody: Calls['showMessageBody'] = async ({ messageId }, context) => {
  const message =
    (await findMessage(context.db, callerOf(context).accountId, messageId)) ?? context.fail('notFound')
  const structure = (await structureOf(context.db, message.blob)) ?? context.fail('notFound')
  const leaves = [...leavesOf(structure)].slice(0, mostParts)
  const shown = leaves.filter((part) => part.disposition?.type !== 'attachment')
  const text = await readTexts(
    context,
    message.blob,
    shown.filter(({ mediaType }) => mediaType === 'text/plain'),
  )
  const html = await readTexts(
    context,
    message.blob,
    shown.filter(({ mediaType }) => mediaType === 'text/html'),
  )
  const header = await headerOf(context, message.blob, structure)
  return {
    text: text.text === '' && html.text !== '' ? null : text.text,
    html: html.text === '' ? null : html.text,
    inlineParts: leaves.flatMap(({ contentId, number, mediaType }) =>
      contentId === undefined ? [] : [{ contentId, part: number, mediaType }],
    ),
    isCut: text.isCut || html.isCut || leaves.length === mostParts,
    ...listFacts(header, message),
  }
}

/** Without those of messages in it, which are attachments. */
function* leavesOf(part: Part): Generator<Part> {
  if (!part.parts) yield part.number === '' ? { ...part, number: '1' } : part
  else for (const each of part.parts) yield* leavesOf(each)
}

async function readTexts(context: Query, blob: string, parts: readonly Part[]) {
  const texts: string[] = []
  let left = shownBytes
  for (const part of parts) {
    if (left <= 0 || part.start === part.end) continue
    // Encoded text is longer than what it says, by at most three times.
    const source = await context.blobs.get(blob, {
      start: part.start,
      end: Math.min(part.end, part.start + left * 3),
    })
    if (!source) return context.fail('notFound')
    const chunks: Uint8Array[] = []
    for await (const chunk of decodeBody(source as AsyncIterable<Buffer>, part.encoding)) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    texts.push(decodeText(bytes.subarray(0, left), part.parameters.charset ?? 'utf-8'))
    left -= bytes.length
  }
  return { text: texts.join('\n'), isCut: left < 0 }
}

/** Names and values as the list facts need them. */
async function headerOf(context: Query, blob: string, { start }: Part): Promise<HeaderField[]> {
  const source = await context.blobs.get(blob, { start: 0, end: Math.min(start, 256 * 1024) })
  if (!source) return []
  const chunks: Buffer[] = []
  for await (const chunk of source as AsyncIterable<Buffer>) chunks.push(chunk)
  return parseHeader(Buffer.concat(chunks)).fields
}

function listFacts(
  header: readonly HeaderField[],
  { isOwn, authentication }: Pick<StoredMessage, 'isOwn' | 'authentication'>,
): { unsubscribe: 'oneClick' | 'mail' | null; listPost: string | null } {
  const post = header.find(({ name }) => name === 'list-post')?.value ?? ''
  const [, listPost] = /<mailto:([^>?]{3,320})/i.exec(post) ?? []
  return {
    unsubscribe: isOwn ? null : (wayOut(header, authentication)?.by ?? null),
    listPost: listPost ?? null,
  }
}
