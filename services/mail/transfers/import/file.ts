/** The file that is brought in: ranges of it, and of what is packed in it. */
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Blobs } from '#platform/blobs/blobs.ts'
import { ImportError } from './import-error.ts'

export interface ImportFile {
  sizeBytes: number
  /** `[start, end)`, up to the end of the file unless stated. */
  read(start: number, end?: number): AsyncGenerator<Buffer>
  peek(at: number, length: number): Promise<Buffer>
}

export function openFile(blobs: Pick<Blobs, 'get'>, blob: string, sizeBytes: number): ImportFile {
  async function* read(start: number, end = sizeBytes): AsyncGenerator<Buffer> {
    if (start >= Math.min(end, sizeBytes)) return
    const content = await blobs.get(blob, { start, end })
    if (!content) throw new ImportError('fileGone')
    yield* content as AsyncIterable<Buffer>
  }
  return {
    sizeBytes,
    read,
    async peek(at, length) {
      const pieces: Buffer[] = []
      for await (const piece of read(at, at + length)) pieces.push(piece)
      return Buffer.concat(pieces)
    },
  }
}

/** Of a whole file; fails with `damagedFile` where it is none. `onRead` hears how much of the packed bytes was read. */
export async function* gunzip(file: ImportFile, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  const packed = async function* () {
    let read = 0
    for await (const chunk of file.read(0)) {
      read += chunk.length
      onRead(read)
      yield chunk
    }
  }
  yield* damagedUnlessRead(packed, () => createGunzip({ chunkSize: 64 * 1024 }))
}

/** What a stream of zlib makes of the bytes. */
export async function* damagedUnlessRead(
  packed: () => AsyncIterable<Buffer>,
  unpacker: () => NodeJS.ReadWriteStream,
): AsyncGenerator<Buffer> {
  const unpacked = pipeline(packed(), unpacker(), () => undefined) as unknown as AsyncIterable<Buffer>
  try {
    yield* unpacked
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') === true) throw new ImportError('damagedFile')
    throw error
  }
}

/** Mail packs to a tenth, rarely to a thirtieth; the rest is there to fill disks. */
export function unpackLimit(file: ImportFile): number {
  return Math.max(64 * 1024 ** 2, file.sizeBytes * 100)
}
