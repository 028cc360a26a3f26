import type { FileHandle } from 'node:fs/promises'
import { Readable, addAbortSignal } from 'node:stream'
import { standardError } from '#contracts/errors.ts'
import type { BlobInfo, PutOptions } from './blobs.ts'
import { writeContainer, type WriteOptions } from './container.ts'

/**
 * Writes the container of `content` to the new file that `openFile` gives, then lets `keep` store it.
 * An abort destroys the content and rejects with AbortError; a full disk is `unavailable`.
 */
export async function spool(
  content: Readable | Buffer,
  { signal, ...options }: PutOptions & WriteOptions,
  openFile: () => Promise<FileHandle>,
  keep: (file: FileHandle, info: BlobInfo) => Promise<void>,
): Promise<BlobInfo> {
  const source = content instanceof Readable ? content : Readable.from([content])
  // It may fail before it is read, and is then found failed.
  source.on('error', () => {})
  if (signal) addAbortSignal(signal, source)
  try {
    await using file = await openFile()
    const info = await writeContainer(source, options, (bytes) => file.writeFile(bytes))
    await keep(file, info)
    return info
  } catch (error) {
    source.destroy()
    throw isDiskFull(error) ? standardError('unavailable', 'no space left for blobs') : error
  }
}

function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}
