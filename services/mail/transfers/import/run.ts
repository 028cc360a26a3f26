/** An import from where it stands to its end. */
import { setMaxListeners } from 'node:events'
import { CallError } from '#contracts/errors.ts'
import { takeIn, type TakenIn } from '../../arrival/take-in.ts'
import { insertNotes, notesOf } from '../../store/imports.ts'
import { endTransfer, markCopied, type StoredTransfer } from '../../store/transfers.ts'
import { nextTurn, type TransferTools } from '../tools.ts'
import { openFile } from './file.ts'
import type { Format } from './format.ts'
import { ImportError } from './import-error.ts'
import { keepBatch, type Gathered } from './keep.ts'
import { noteOf, receivedAtOf } from './marks.ts'
import { IndexLine, type Note } from './note.ts'
import { beginning, readImport, type Found, type Place } from './read.ts'

type FoundMessage = Extract<Found, { kind: 'message' }>

/** What is held in memory at once; texts are counted in characters. */
const batchLimits = { messages: 100, bytes: 8 * 1024 * 1024, characters: 8_000_000 }
/** Larger than any provider lets through. */
const largestMessage = 200 * 1024 * 1024

interface Pending {
  found: FoundMessage
  /** Undefined: it can't be read. */
  taken: Promise<TakenIn | undefined>
}

/** Throws ImportError where it can't go on, LostTransfer where it must not. */
export async function runImport(
  tools: TransferTools,
  transfer: StoredTransfer,
  owner: string,
  signal: AbortSignal,
): Promise<void> {
  setMaxListeners(0, signal)
  await copyUpload(tools, transfer, signal)
  const file = openFile(tools.blobs, transfer.blob!, transfer.sizeBytes)
  const place = (transfer.place ?? beginning) as Place
  const writer = batchWriter(tools, transfer, owner)
  let hasNotes = transfer.place !== null
  let batch = emptyBatch({ place, read: transfer.done })
  // While a batch is written the next one is read.
  let writing = Promise.resolve()
  const flush = async () => {
    await writing
    const full = batch
    batch = emptyBatch(full.reached)
    writing = writer(full, hasNotes)
    // The next one hears of it.
    writing.catch(() => undefined)
  }
  try {
    for await (const found of readImport(file, transfer.format as Format, transfer.fileName, place)) {
      signal.throwIfAborted()
      if (found.kind === 'refused') batch.refused++
      else if (found.kind === 'index') {
        await readIndex(tools, transfer.id, found)
        hasNotes = true
      } else batch.pending.push(await take(tools, found, batch))
      batch.reached = found.after()
      const { messages, bytes, characters } = batchLimits
      if (batch.pending.length >= messages || batch.bytes >= bytes || batch.characters >= characters)
        await flush()
      await nextTurn()
    }
  } catch (error) {
    // What came before the damage is kept.
    if (error instanceof ImportError) await flush()
    await writing
    throw error
  }
  await flush()
  await writing
  await tools.db.transaction().execute((tx) => endTransfer(tx, transfer.id, { state: 'done' }))
}

interface Batch {
  pending: Pending[]
  refused: number
  bytes: number
  characters: number
  reached: { place: Place; read: number }
}

function emptyBatch(reached: Batch['reached']): Batch {
  return { pending: [], refused: 0, bytes: 0, characters: 0, reached }
}

/** Writes one batch after another. */
function batchWriter(tools: TransferTools, transfer: StoredTransfer, owner: string) {
  let { messages, duplicates, refused } = transfer
  return async ({ pending, reached, ...batch }: Batch, hasNotes: boolean): Promise<void> => {
    const all = await Promise.all(pending.map((each) => each.taken))
    const named = pending.map(({ found }) => found)
    const notes = hasNotes ? await notesOf(tools.db, transfer.id, named) : undefined
    const gathered: Gathered[] = []
    refused += batch.refused
    for (const [index, found] of named.entries()) {
      const taken = all[index]
      if (!taken || taken.sizeBytes === 0 || taken.parsed.headers.length === 0) refused++
      else {
        const each = gather(found, taken, notes?.get(`${found.file} ${found.number}`))
        if (each) gathered.push(each)
      }
    }
    const kept = await keepBatch(tools, transfer, owner, gathered, (fresh) => ({
      messages: messages + fresh.messages,
      duplicates: duplicates + fresh.duplicates,
      refused,
      place: reached.place,
      done: reached.read,
    }))
    messages += kept.messages
    duplicates += kept.duplicates
    if (kept.isFull) throw new ImportError('quotaExceeded')
  }
}

/** What was uploaded goes after a day. */
async function copyUpload(
  { db, blobs, uploads }: TransferTools,
  transfer: StoredTransfer,
  signal: AbortSignal,
): Promise<void> {
  if (transfer.isCopied) return
  const content = await uploads.get(transfer.blob!)
  if (content) await blobs.put(content, { signal })
  else if (!(await blobs.info(transfer.blob!))) throw new ImportError('fileGone')
  await markCopied(db, transfer.id)
}

/** Resolves when the content is read; it may be written some time later. */
async function take(
  { blobs }: TransferTools,
  found: FoundMessage,
  held: { bytes: number; characters: number },
): Promise<Pending> {
  const tap = tapped(found.content, (bytes) => (held.bytes += bytes))
  const taken = takeIn(blobs, tap.content, largestMessage).then(
    (read) => {
      held.characters += read.parsed.text.length + read.parsed.html.length
      return read
    },
    (error: unknown) => {
      if (error instanceof CallError && error.code === 'tooLarge') return undefined
      throw error
    },
  )
  // Whoever writes the batch hears of it.
  taken.catch(() => undefined)
  await Promise.race([tap.over, taken.catch(() => undefined)])
  await tap.drain()
  return { found, taken }
}

/** Tells when it is over; what is left then can still be read, so that what stands behind is reached. */
function tapped(source: AsyncIterable<Buffer>, onBytes: (bytes: number) => void) {
  const pieces = source[Symbol.asyncIterator]()
  const over = Promise.withResolvers<void>()
  async function* content(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const { done, value } = await pieces.next()
        if (done) return
        onBytes(value.length)
        yield value
      }
    } finally {
      over.resolve()
    }
  }
  return {
    content: content(),
    over: over.promise,
    async drain() {
      while (!(await pieces.next()).done);
    },
  }
}

async function readIndex(
  { db }: TransferTools,
  transferId: string,
  { content, folder }: Extract<Found, { kind: 'index' }>,
): Promise<void> {
  let lines: IndexLine[] = []
  for await (const text of linesOf(content)) {
    const line = IndexLine.safeParse(parsed(text))
    if (line.success) lines.push(line.data)
    if (lines.length < 1_000) continue
    await insertNotes(db, transferId, folder, lines)
    lines = []
  }
  await insertNotes(db, transferId, folder, lines)
}

const longestLine = 64 * 1024

/** Longer ones are left out. */
async function* linesOf(content: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  let isTooLong = false
  for await (const chunk of content) {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a)) {
      if (!isTooLong) yield bytes.toString('utf8', 0, end)
      isTooLong = false
      bytes = bytes.subarray(end + 1)
    }
    isTooLong ||= bytes.length > longestLine
    rest = isTooLong ? Buffer.alloc(0) : bytes
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function gather(found: FoundMessage, taken: TakenIn, told: Note | undefined): Gathered | undefined {
  const note = told ?? noteOf(found, taken.parsed)
  if (!note) return undefined
  const receivedAt =
    note.receivedAt === undefined ? receivedAtOf(found, taken.parsed) : new Date(note.receivedAt)
  return { taken, note, receivedAt }
}
