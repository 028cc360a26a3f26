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
  signal?.throwIfAborted()
  const stream = content instanceof Readable ? content : undefined
  // It may fail before it is read, and is then found failed.
  stream?.on('error', () => {})
  if (signal && stream) addAbortSignal(signal, stream)
  try {
    await using file = await openFile()
    const pieces = gather((bytes) => file.writeFile(bytes))
    const info = await writeContainer(stream ?? whole(content as Buffer), options, pieces.add)
    await pieces.flush()
    await keep(file, info)
    return info
  } catch (error) {
    stream?.destroy()
    throw isDiskFull(error) ? standardError('unavailable', 'no space left for blobs') : error
  }
}

async function* whole(content: Buffer): AsyncGenerator<Buffer> {
  yield content
}

/** Most blobs are small: one write takes all of them, where each write is a trip to the disk. */
const gatheredBytes = 256 * 1024

function gather(write: (bytes: Buffer) => Promise<void>) {
  let pieces: Buffer[] = []
  let length = 0
  async function flush(): Promise<void> {
    const bytes = Buffer.concat(pieces, length)
    pieces = []
    length = 0
    if (bytes.length > 0) await write(bytes)
  }
  return {
    flush,
    async add(bytes: Buffer): Promise<void> {
      pieces.push(bytes)
      length += bytes.length
      if (length >= gatheredBytes) await flush()
    },
  }
}

function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}
