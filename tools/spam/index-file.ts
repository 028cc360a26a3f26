/** Reads corpora that an index names: `label<TAB>path` in protocol order, paths relative to the index's folder. */
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Label } from '#services/mail/spam/learning.ts'

export interface Entry {
  label: Label
  /** As the index has it. */
  path: string
  bytes: Buffer
}

/** What of a message is read at most. */
const largestBytes = 64 * 1024 * 1024

/** One message at a time; throws with the line where the index or a file is wrong. */
export async function* readEntries(index: string, limit = Number.POSITIVE_INFINITY): AsyncGenerator<Entry> {
  if (!(await stat(index).catch(() => undefined))?.isFile()) throw new Error(`There is no index ${index}.`)
  let line = 0
  let count = 0
  for await (const text of createInterface({ input: createReadStream(index), crlfDelay: Infinity })) {
    line++
    const trimmed = text.replace(/^\uFEFF/, '').trim()
    if (trimmed === '') continue
    if (count++ >= limit) return
    const [, label, path] = /^(\S+)\s+(.*)$/.exec(trimmed) ?? []
    const lower = label?.toLowerCase()
    if ((lower !== 'spam' && lower !== 'ham') || path === undefined)
      throw new Error(
        `${index}:${line}: expected "spam" or "ham", a tab and a path, got: ${trimmed.slice(0, 80)}`,
      )
    yield { label: lower, path, bytes: await readMessage(resolve(dirname(index), path), `${index}:${line}`) }
  }
}

async function readMessage(path: string, where: string): Promise<Buffer> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    const bytes = Buffer.alloc(Math.min(size, largestBytes))
    let read = 0
    while (read < bytes.length) {
      const { bytesRead } = await file.read(bytes, read)
      if (bytesRead === 0) break
      read += bytesRead
    }
    return withoutMboxLine(bytes.subarray(0, read))
  } catch (error) {
    throw new Error(`${where}: can't read ${path}: ${(error as Error).message}`, { cause: error })
  }
}

/** The line that some archives put before a message. */
function withoutMboxLine(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, 5).equals(Buffer.from('From '))) return bytes
  const end = bytes.indexOf(10)
  return end < 0 ? bytes : bytes.subarray(end + 1)
}
