/** Everything of an account in a tar: an index first, then an mbox for each mailbox. */
import { Readable } from 'node:stream'
import { openStored } from '../../reading/stored.ts'
import { findAccount } from '../../store/accounts.ts'
import {
  exportFiles,
  exportMessagesAfter,
  insertExportMessages,
  mailboxPaths,
  messagesAfter,
  noteSizes,
  type ExportRow,
} from '../../store/exports.ts'
import {
  endTransfer,
  forgetExportMessages,
  lockTransfer,
  noteProgress,
  type StoredTransfer,
} from '../../store/transfers.ts'
import { ImportError } from '../import/import-error.ts'
import { LostTransfer, type TransferTools } from '../tools.ts'
import { fromLine, mboxEntry } from './mbox.ts'
import { placing } from './places.ts'
import { padding, tarEnd, tarHeader } from './tar.ts'

const atOnce = 1_000
const firstId = '00000000-0000-0000-0000-000000000000'

/** Begun again, it begins anew. */
export async function runExport(
  tools: TransferTools,
  transfer: StoredTransfer,
  owner: string,
  signal: AbortSignal,
): Promise<void> {
  const { db, blobs } = tools
  const total = await listAll(tools, transfer, owner, signal)
  const progress = (done: number, messages: number) =>
    db.transaction().execute(async (tx) => {
      if (!(await lockTransfer(tx, transfer.id, owner))) throw new LostTransfer()
      await noteProgress(tx, transfer.id, { done, total: total * 2, messages, duplicates: 0, refused: 0 })
    })
  // Everything is read twice: a tar states how long a file is before it.
  await measure(tools, transfer, signal, (done) => progress(done, 0))
  const content = tarOf(tools, transfer, (written) => progress(total + written, written))
  const { id, sizeBytes } = await blobs.put(Readable.from(content, { objectMode: false }), { signal })
  await db.transaction().execute(async (tx) => {
    if (!(await lockTransfer(tx, transfer.id, owner))) throw new LostTransfer()
    await endTransfer(tx, transfer.id, { state: 'done', file: { blob: id, sizeBytes } })
  })
}

async function listAll(
  { db }: TransferTools,
  { id, accountId }: StoredTransfer,
  owner: string,
  signal: AbortSignal,
): Promise<number> {
  const account = await findAccount(db, accountId)
  if (!account) throw new ImportError('noMailbox')
  const placeOf = placing(await mailboxPaths(db, accountId))
  await db.transaction().execute((tx) => forgetExportMessages(tx, id))
  let total = 0
  for (let after = firstId; ;) {
    signal.throwIfAborted()
    const count = await db.transaction().execute(async (tx) => {
      if (!(await lockTransfer(tx, id, owner))) throw new LostTransfer()
      const messages = await messagesAfter(tx, accountId, after, atOnce)
      after = messages.at(-1)?.messageId ?? after
      const rows = messages.map(({ messageId, receivedAt, blob, trace, sender, ...message }) => ({
        messageId,
        receivedAt,
        blob,
        trace,
        sender,
        ...placeOf(message, receivedAt),
      }))
      await insertExportMessages(tx, id, rows)
      return messages.length
    })
    total += count
    if (count < atOnce) return total
  }
}

async function measure(
  tools: TransferTools,
  transfer: StoredTransfer,
  signal: AbortSignal,
  onProgress: (done: number) => Promise<void>,
): Promise<void> {
  let done = 0
  for await (const rows of batches(tools, transfer)) {
    const sizes: { messageId: string; bytes: number }[] = []
    for (const row of rows) {
      signal.throwIfAborted()
      let bytes = 0
      for await (const piece of entryOf(tools, row)) bytes += piece.length
      sizes.push({ messageId: row.messageId, bytes })
    }
    await noteSizes(tools.db, transfer.id, sizes)
    await onProgress((done += rows.length))
  }
}

async function* tarOf(
  tools: TransferTools,
  transfer: StoredTransfer,
  onProgress: (written: number) => Promise<void>,
): AsyncGenerator<Buffer> {
  const createdAt = new Date(transfer.createdAt)
  let indexBytes = 0
  for await (const line of indexOf(tools, transfer)) indexBytes += line.length
  yield tarHeader('index.jsonl', indexBytes, createdAt)
  yield* indexOf(tools, transfer)
  yield padding(indexBytes)

  const files = new Map((await exportFiles(tools.db, transfer.id)).map((each) => [each.file, each.bytes]))
  let open: string | undefined
  let written = 0
  for await (const rows of batches(tools, transfer)) {
    for (const row of rows) {
      if (row.file !== open) {
        if (open !== undefined) yield padding(files.get(open)!)
        yield tarHeader(row.file, files.get(row.file)!, createdAt)
        open = row.file
      }
      yield* entryOf(tools, row)
    }
    await onProgress((written += rows.length))
  }
  if (open !== undefined) yield padding(files.get(open)!)
  yield tarEnd
}

async function* indexOf(tools: TransferTools, transfer: StoredTransfer): AsyncGenerator<Buffer> {
  let file: string | undefined
  let number = 0
  for await (const rows of batches(tools, transfer)) {
    const lines = rows.map((row) => {
      number = row.file === file ? number + 1 : 1
      file = row.file
      return `${JSON.stringify({ file, number, ...row.note })}\n`
    })
    yield Buffer.from(lines.join(''))
  }
}

async function* batches({ db }: TransferTools, { id }: StoredTransfer): AsyncGenerator<ExportRow[]> {
  for (let after: ExportRow | undefined; ;) {
    const rows = await exportMessagesAfter(db, id, after, atOnce / 2)
    if (rows.length === 0) return
    yield rows
    after = rows.at(-1)
  }
}

async function* entryOf({ blobs }: TransferTools, row: ExportRow): AsyncGenerator<Buffer> {
  const content = (await openStored(blobs, row)) as AsyncIterable<Buffer>
  yield* mboxEntry(fromLine(row.sender, new Date(row.receivedAt)), content)
}
