/** A table that identity pushes, kept on disk too: a gateway that starts while identity is down goes on as before. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ReplicaUpdate } from '#contracts/replica.ts'
import type { Logger } from '#platform/log.ts'
import { follow } from '#platform/replica/follow.ts'
import type { ReplicaRow } from '#platform/replica/table.ts'

export interface KeptTable<Row extends ReplicaRow> {
  name: string
  row: z.ZodType<Row>
  /** Opens identity's stream. */
  open(signal: AbortSignal): AsyncIterable<ReplicaUpdate<Row>>
  /** Takes all rows, first those on disk, then after each change. */
  take(rows: readonly Row[]): void
}

/** Follows until disposed of. */
export async function followKept<Row extends ReplicaRow>(
  { name, row, open, take }: KeptTable<Row>,
  { directory, log }: { directory: string; log: Logger },
): Promise<AsyncDisposable> {
  const file = join(directory, `${name}.json`)
  const kept = await readKept(file, row, log)
  if (kept) take(kept)
  const replica = follow({ name, open, log })
  let isWritten = true
  let writing = Promise.resolve()
  /** Of many changes while it writes, it writes the last. */
  async function write(): Promise<void> {
    if (isWritten) return
    isWritten = true
    await keep(file, [...replica.rows.values()]).catch((error: unknown) =>
      log.warn({ err: error, file }, 'the table can not be kept on disk'),
    )
  }
  replica.onChange(() => {
    take([...replica.rows.values()])
    isWritten = false
    writing = writing.then(write)
  })
  return {
    async [Symbol.asyncDispose]() {
      await replica[Symbol.asyncDispose]()
      await writing
    },
  }
}

async function readKept<Row>(file: string, row: z.ZodType<Row>, log: Logger): Promise<Row[] | undefined> {
  try {
    return z.array(row).parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn({ err: error, file }, 'the kept table can not be read')
    return undefined
  }
}

/** Whoever reads it finds the old rows or the new ones. */
async function keep(file: string, rows: readonly ReplicaRow[]): Promise<void> {
  const draft = `${file}.${process.pid}`
  await writeFile(draft, JSON.stringify(rows), { mode: 0o600 })
  await rename(draft, file)
}
