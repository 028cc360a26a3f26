/** The messages of a file that is brought in, one after another, each with the place where reading may go on. */
import { byteReader } from './byte-reader.ts'
import { gunzip, unpackLimit, type ImportFile } from './file.ts'
import { detectContent, headBytes, type Format } from './format.ts'
import { ImportError } from './import-error.ts'
import { readMbox } from './mbox.ts'
import { meaningOf, type Marks } from './member-name.ts'
import { readTar, type Member } from './tar.ts'
import { readZip } from './zip.ts'

export interface Place {
  /** Where the archive's member begins, in the archive or its directory. */
  member: number
  /** How far in the member, or in the file where it is no archive. */
  inner: number
  /** Messages of the member before. */
  number: number
  /** What the members before were, unpacked and packed. */
  unpacked: number
  packed: number
}

export const beginning: Place = { member: 0, inner: 0, number: 0, unpacked: 0, packed: 0 }
/** Nothing of the member is left. */
const whole = Number.MAX_SAFE_INTEGER

interface Item {
  content: AsyncIterable<Buffer>
  /** Once the content is read: where to go on, and how much of the file is read. */
  after(): { place: Place; read: number }
}

export type Found = Item &
  (
    | { kind: 'index'; folder: string }
    | {
        kind: 'message'
        /** Folders and name of its mailbox, as the file has them. */
        mailbox: string[]
        marks: Marks
        fromLine: string | undefined
        modifiedAt: Date | undefined
        /** By which an index calls it. */
        file: string
        number: number
      }
    | { kind: 'refused' }
  )

/** Contents are to be read before the next is asked for. Throws ImportError. */
export function readImport(
  file: ImportFile,
  format: Format,
  fileName: string,
  place: Place,
): AsyncGenerator<Found> {
  if (format === 'zip') return readZipMembers(file, place)
  const source = format.endsWith('+gzip') ? unpackedSource(file) : plainSource(file)
  if (format.startsWith('tar')) return readTarMembers(file, source, place)
  const name = fileName.replace(/\.gz$/i, '')
  return readMember({ name, modifiedAt: undefined }, source, place, (inner, number) => ({
    place: { ...beginning, inner, number },
    read: Math.min(file.sizeBytes, source.read?.() ?? inner),
  }))
}

interface Source {
  /** Bytes from an offset on. */
  open(start: number): AsyncIterable<Buffer>
  peek?: (at: number, length: number) => Promise<Buffer>
  /** Of a packed file, how much of it was read. */
  read?: () => number
}

function plainSource(file: ImportFile): Source {
  return { open: (start) => file.read(start), peek: file.peek }
}

function unpackedSource(file: ImportFile): Source {
  let read = 0
  const limit = unpackLimit(file)
  return {
    open: (start) =>
      skipping(
        limited(
          gunzip(file, (bytes) => (read = bytes)),
          limit,
        ),
        start,
      ),
    read: () => read,
  }
}

async function* readTarMembers(file: ImportFile, source: Source, place: Place): AsyncGenerator<Found> {
  await using reader = byteReader(source.open(place.member))
  for await (const member of readTar(reader, place.member)) {
    const { at, sizeBytes } = member
    const begun = at === place.member ? place : { ...beginning, member: at }
    const content = { open: (start: number) => skipping(reader.stream(sizeBytes), start) }
    yield* readMember(member, content, begun, (inner, number) => ({
      place: { ...beginning, member: at, inner, number },
      read: Math.min(file.sizeBytes, source.read?.() ?? at + Math.min(inner, sizeBytes)),
    }))
  }
}

async function* readZipMembers(file: ImportFile, place: Place): AsyncGenerator<Found> {
  const limit = unpackLimit(file)
  let { unpacked, packed } = place
  for await (const { name, modifiedAt, at, open, sizeBytes, packedBytes } of readZip(file, place.member)) {
    const begun = at === place.member ? place : { ...beginning, member: at }
    const before = { unpacked, packed }
    const placeAt: PlaceAt = (inner, number) => ({
      place: { member: at, inner, number, ...before },
      read: Math.min(
        file.sizeBytes,
        before.packed + Math.floor(packedBytes * Math.min(1, inner / Math.max(1, sizeBytes))),
      ),
    })
    // The directory may state less than there is.
    const source = open && {
      open: (start: number) => skipping(limited(open(), limit - before.unpacked), start),
    }
    if (source) yield* readMember({ name, modifiedAt }, source, begun, placeAt)
    else if (meaningOf(name) && begun.inner === 0)
      yield { kind: 'refused', content: nothing(), after: () => placeAt(whole, 1) }
    unpacked += sizeBytes
    packed += packedBytes
    if (unpacked > limit) throw new ImportError('tooLarge')
  }
}

type PlaceAt = (inner: number, number: number) => ReturnType<Item['after']>

async function* readMember(
  { name, modifiedAt }: Pick<Member, 'name' | 'modifiedAt'>,
  source: Source,
  begun: Place,
  placeAt: PlaceAt,
): AsyncGenerator<Found> {
  const meaning = name === '' ? ({ kind: 'unknown', mailbox: [] } as const) : meaningOf(name)
  if (!meaning || begun.inner === whole) return
  const mailbox = meaning.kind === 'index' ? [] : [...meaning.mailbox]
  if (begun.inner > 0) return yield* readMessages(source, begun, mailbox, name, placeAt)

  await using reader = byteReader(source.open(0))
  const head = await reader.take(headBytes)
  const content = chained(head, reader.stream(Number.MAX_SAFE_INTEGER))
  const after = () => placeAt(whole, 1)
  if (meaning.kind === 'index')
    return yield { kind: 'index', folder: name.slice(0, -'index.jsonl'.length), content, after }
  const kind = detectContent(head)
  if (kind === 'mbox')
    return yield* readMessages({ ...source, open: () => content }, begun, mailbox, name, placeAt)
  if (meaning.kind !== 'message' && kind !== 'message') return
  const marks = meaning.kind === 'message' ? meaning.marks : {}
  const facts = { mailbox, marks, fromLine: undefined, modifiedAt, file: name, number: 1 }
  yield { kind: 'message', ...facts, content, after }
}

async function* readMessages(
  source: Source,
  begun: Place,
  mailbox: string[],
  file: string,
  placeAt: PlaceAt,
): AsyncGenerator<Found> {
  let { number } = begun
  for await (const { fromLine, content, end } of readMbox(source, begun.inner)) {
    const own = ++number
    const facts = { mailbox, marks: {}, modifiedAt: undefined, file, number: own }
    yield { kind: 'message', ...facts, fromLine, content, after: () => placeAt(end(), own) }
  }
}

async function* chained(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head
  yield* rest
}

async function* skipping(source: AsyncIterable<Buffer>, length: number): AsyncGenerator<Buffer> {
  let left = length
  for await (const chunk of source) {
    if (left < chunk.length) yield left === 0 ? chunk : chunk.subarray(left)
    left = Math.max(0, left - chunk.length)
  }
}

async function* limited(source: AsyncIterable<Buffer>, length: number): AsyncGenerator<Buffer> {
  let left = length
  for await (const chunk of source) {
    left -= chunk.length
    if (left < 0) throw new ImportError('tooLarge')
    yield chunk
  }
}

async function* nothing(): AsyncGenerator<Buffer> {}
