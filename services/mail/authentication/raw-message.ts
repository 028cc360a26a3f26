import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { BodyHash } from './canonical.ts'

/** A message as octets: in memory, or opened from where it lies. */
export interface MessageSource {
  bytes?: Buffer
  open: () => Readable
}

/** As it stands, octets as Latin-1, folded, without its last line break. */
export interface RawField {
  /** Lower case. */
  name: string
  text: string
}

export interface RawMessage extends AsyncDisposable {
  fields: RawField[]
  /** The header is longer than is read: no signature over it can be checked. */
  isHeaderCut: boolean
  /** Leads the body through all of them; once. */
  hashBody(hashes: readonly BodyHash[]): Promise<void>
}

const maxHeaderBytes = 1024 * 1024
const maxFields = 10_000
const sliceBytes = 64 * 1024
/** After so many octets other work has its turn. */
const turnBytes = 512 * 1024

export async function openRawMessage(source: MessageSource): Promise<RawMessage> {
  const stream = source.bytes === undefined ? source.open() : undefined
  const chunks = stream === undefined ? slices(source.bytes!) : toBuffers(stream)
  try {
    const { header, rest, isCut } = await readHeaderBlock(chunks)
    const fields = splitFields(header)
    return {
      fields,
      isHeaderCut: isCut || fields.length > maxFields,
      hashBody: (hashes) => hashBody(rest, chunks, hashes),
      async [Symbol.asyncDispose]() {
        await chunks.return(undefined)
        stream?.destroy()
      },
    }
  } catch (error) {
    stream?.destroy()
    throw error
  }
}

async function* slices(bytes: Buffer): AsyncGenerator<Buffer, void> {
  for (let at = 0; at < bytes.length; at += sliceBytes) yield bytes.subarray(at, at + sliceBytes)
}

async function* toBuffers(stream: Readable): AsyncGenerator<Buffer, void> {
  for await (const chunk of stream) {
    const bytes = chunk as Buffer
    for (let at = 0; at < bytes.length; at += sliceBytes) yield bytes.subarray(at, at + sliceBytes)
  }
}

async function readHeaderBlock(chunks: AsyncGenerator<Buffer, void>) {
  const parts: Buffer[] = []
  let length = 0
  let tail = Buffer.from('\n') // an empty line may be the first
  while (length <= maxHeaderBytes) {
    const { value: chunk, done } = await chunks.next()
    if (done || chunk === undefined)
      return { header: Buffer.concat(parts), rest: Buffer.alloc(0), isCut: false }
    const joined = Buffer.concat([tail, chunk])
    const end = endOfHeader(joined)
    if (end !== undefined) {
      const cut = Math.max(0, end - tail.length)
      return {
        header: Buffer.concat([...parts, chunk.subarray(0, cut)]),
        rest: chunk.subarray(cut),
        isCut: false,
      }
    }
    parts.push(chunk)
    length += chunk.length
    tail = joined.subarray(-2)
  }
  return { header: Buffer.concat(parts), rest: Buffer.alloc(0), isCut: true }
}

/** Behind the empty line. */
function endOfHeader(bytes: Buffer): number | undefined {
  const plain = bytes.indexOf('\n\n')
  const full = bytes.indexOf('\n\r\n')
  if (full >= 0 && (plain < 0 || full < plain)) return full + 3
  return plain >= 0 ? plain + 2 : undefined
}

function splitFields(header: Buffer): RawField[] {
  const text = header.toString('latin1')
  const fields: RawField[] = []
  let at = 0
  while (at < text.length && fields.length <= maxFields) {
    const start = at
    let end = text.indexOf('\n', at)
    while (end >= 0 && (text[end + 1] === ' ' || text[end + 1] === '\t')) end = text.indexOf('\n', end + 1)
    at = end < 0 ? text.length : end + 1
    const line = text.slice(start, end < 0 ? text.length : end)
    const field = line.endsWith('\r') ? line.slice(0, -1) : line
    const colon = field.indexOf(':')
    if (colon > 0) fields.push({ name: field.slice(0, colon).trimEnd().toLowerCase(), text: field })
  }
  return fields
}

async function hashBody(rest: Buffer, chunks: AsyncGenerator<Buffer, void>, hashes: readonly BodyHash[]) {
  for (const hash of hashes) hash.update(rest)
  let sinceTurn = 0
  for await (const chunk of chunks) {
    for (const hash of hashes) hash.update(chunk)
    sinceTurn += chunk.length * hashes.length
    if (sinceTurn < turnBytes) continue
    sinceTurn = 0
    await setImmediate()
  }
}
