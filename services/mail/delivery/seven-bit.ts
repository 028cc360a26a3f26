/** A message in 7-bit form with short lines: RFC 6152 §3 for servers without 8BITMIME, RFC 5322 §2.1.1 for all. */
import { decodeBody } from '../mime/decode.ts'
import { encodeBase64Lines, encodeQuotedPrintable, isSevenBit } from '../mime/encode.ts'
import type { Part } from '../mime/message.ts'

/** Bytes of the message from an offset to another. */
export type ReadRange = (start: number, end: number) => AsyncIterable<Buffer>

/** Above this a body is encoded in base64 as it streams; below, text stays readable. */
const maxQuotedBytes = 1024 * 1024
const maxParts = 10_000

/**
 * The bodies that need it are encoded. Boundaries, header fields and what stands between parts stay as they are, and
 * so does everything within multipart/signed (RFC 1847 §2.1): who needs the result to be 7-bit has to look.
 */
export async function* toSevenBit(
  read: ReadRange,
  structure: Part,
  sizeBytes: number,
): AsyncGenerator<Buffer> {
  let at = 0
  for (const part of partsInOrder(structure)) {
    if (part.headerStart > at) yield* read(at, part.headerStart)
    const header = await collect(read(part.headerStart, part.start))
    const encoding = await encodingFor(part, read)
    yield encoding === undefined ? header : withEncoding(header, encoding, part === structure)
    at = part.start
    if (encoding === undefined || encoding === '7bit') continue
    yield* encodedBody(part, read, encoding)
    at = part.end
  }
  yield* read(at, sizeBytes)
}

/** Containers before what they contain. */
function partsInOrder(structure: Part): Part[] {
  const found: Part[] = []
  const open = [structure]
  while (open.length > 0 && found.length < maxParts) {
    const part = open.pop()!
    if (part.mediaType === 'multipart/signed') continue
    found.push(part)
    if (part.message) open.push(part.message.part)
    else open.push(...(part.parts ?? []).toReversed())
  }
  return found
}

/** Undefined: it stays as it is. */
async function encodingFor(
  part: Part,
  read: ReadRange,
): Promise<'7bit' | 'base64' | 'quoted-printable' | undefined> {
  if (part.parts || part.message || part.mediaType.startsWith('multipart/'))
    return part.encoding === '8bit' || part.encoding === 'binary' ? '7bit' : undefined
  if (part.end - part.start > maxQuotedBytes) return part.encoding === 'base64' ? undefined : 'base64'
  if (isSevenBit(await collect(read(part.start, part.end)))) return undefined
  return part.mediaType.startsWith('text/') && part.encoding !== 'binary' ? 'quoted-printable' : 'base64'
}

async function* encodedBody(
  part: Part,
  read: ReadRange,
  encoding: 'base64' | 'quoted-printable',
): AsyncGenerator<Buffer> {
  const body = decodeBody(read(part.start, part.end), part.encoding)
  if (encoding === 'base64') return yield* encodeBase64Lines(body)
  const text = (await collect(body)).toString('latin1').replaceAll(/\r\n|\r|\n/g, '\r\n')
  yield encodeQuotedPrintable(Buffer.from(text, 'latin1'))
}

function withEncoding(header: Buffer, encoding: string, isTop: boolean): Buffer {
  const text = header.toString('latin1')
  const lines = text.split(/\r\n|\n/)
  while (lines.at(-1) === '') lines.pop()
  const kept: string[] = []
  let isDropped = false
  for (const line of lines) {
    if (!/^[ \t]/.test(line)) isDropped = /^content-transfer-encoding[ \t]*:/i.test(line)
    if (!isDropped) kept.push(line)
  }
  if (isTop && !kept.some((line) => /^mime-version[ \t]*:/i.test(line))) kept.push('MIME-Version: 1.0')
  kept.push(`Content-Transfer-Encoding: ${encoding}`, '', '')
  return Buffer.from(kept.join('\r\n'), 'latin1')
}

async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source))
}
