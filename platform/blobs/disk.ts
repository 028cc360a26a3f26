import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { checkBlobId, isBlobId, type BlobId, type BlobOptions, type Blobs } from './blobs.ts'
import { openContainer, rangeWithin, readContainer, type StoredBytes } from './container-reader.ts'
import { spool } from './spool.ts'

const leftoverAfterMs = 60 * 60 * 1000
const readBytes = 256 * 1024

/**
 * Blobs as files: `directory/ab/abcd…`, the first two digits of the id and the id. They are written in
 * `directory/incoming` and renamed when durable, so that a file under an id is always whole.
 * Several processes may share the directory.
 */
export async function openDiskBlobs(directory: string, { encryptionKey }: BlobOptions = {}): Promise<Blobs> {
  const incoming = join(directory, 'incoming')
  await mkdir(incoming, { recursive: true, mode: 0o700 })
  await syncFolder(dirname(directory))
  await removeLeftovers(incoming)

  const folderOf = (id: BlobId) => join(directory, id.slice(0, 2))
  const folders = openFolders(directory)
  const openBlob = async (id: BlobId) => {
    checkBlobId(id)
    const file = await openIfThere(join(folderOf(id), id))
    if (!file) return undefined
    try {
      return { file, container: await openContainer(id, await storedIn(file), encryptionKey) }
    } catch (error) {
      await file.close()
      throw error
    }
  }

  const blobs: Blobs = {
    async put(content, options = {}) {
      const temporary = join(incoming, randomUUID())
      const openTemporary = () => open(temporary, 'wx', 0o600)
      let isLeft = true
      try {
        return await spool(content, { ...options, encryptionKey }, openTemporary, async (file, { id }) => {
          await file.sync()
          const folder = await folders.open(folderOf(id))
          // Over what may be there: the content is equal, and intact even where the old copy was not.
          await rename(temporary, join(folderOf(id), id))
          isLeft = false
          await folder.sync()
        })
      } finally {
        if (isLeft) await rm(temporary, { force: true })
      }
    },

    async info(id) {
      const blob = await openBlob(id)
      if (!blob) return undefined
      await blob.file.close()
      return { id, sizeBytes: blob.container.sizeBytes }
    },

    async get(id, range) {
      rangeWithin(0, range)
      const blob = await openBlob(id)
      if (!blob) return undefined
      const content = readContainer(blob.container, rangeWithin(blob.container.sizeBytes, range))
      return Readable.from(content, { objectMode: false }).once('close', () => void blob.file.close())
    },

    async delete(id) {
      checkBlobId(id)
      await rm(join(folderOf(id), id), { force: true })
    },

    async *list() {
      for (const folder of await readdir(directory)) {
        if (!/^[0-9a-f]{2}$/.test(folder)) continue
        yield* (await readdir(join(directory, folder))).filter(isBlobId)
      }
    },

    deleteStoredBefore: (time) => deleteWhere(blobs, (id) => isOlder(join(folderOf(id), id), time)),

    [Symbol.asyncDispose]: () => folders[Symbol.asyncDispose](),
  }
  return blobs
}

/** Those in a directory, kept open: to sync one is then a single trip to the disk. There are at most 256. */
function openFolders(directory: string) {
  const folders = new Map<string, Promise<FileHandle>>()
  async function make(folder: string): Promise<FileHandle> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await syncFolder(directory)
    return open(folder, 'r')
  }
  return {
    /** Durable from then on. */
    open(folder: string): Promise<FileHandle> {
      const known = folders.get(folder) ?? make(folder)
      folders.set(folder, known)
      known.catch(() => folders.delete(folder))
      return known
    },
    async [Symbol.asyncDispose]() {
      for (const folder of folders.values()) await (await folder.catch(() => undefined))?.close()
    },
  }
}

async function deleteWhere(blobs: Blobs, isMeant: (id: BlobId) => Promise<boolean>): Promise<number> {
  let deleted = 0
  for await (const id of blobs.list()) {
    if (!(await isMeant(id))) continue
    await blobs.delete(id)
    deleted++
  }
  return deleted
}

/** Another process may have removed it. */
async function isOlder(path: string, time: Date): Promise<boolean> {
  const file = await stat(path).catch(() => undefined)
  return file !== undefined && file.mtime < time
}

async function removeLeftovers(incoming: string): Promise<void> {
  for (const name of await readdir(incoming)) {
    const path = join(incoming, name)
    // Another process may have finished or removed it.
    const file = await stat(path).catch(() => undefined)
    if (file && file.mtimeMs < Date.now() - leftoverAfterMs) await rm(path, { force: true })
  }
}

/** A new or renamed file is durable only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  await folder.sync()
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function storedIn(file: FileHandle): Promise<StoredBytes> {
  const { size } = await file.stat()
  return {
    sizeBytes: size,
    async *read(start, end) {
      for (let at = start; at < end;) {
        const { buffer, bytesRead } = await file.read({
          buffer: Buffer.allocUnsafe(Math.min(end - at, readBytes)),
          position: at,
        })
        if (bytesRead === 0) return
        yield buffer.subarray(0, bytesRead)
        at += bytesRead
      }
    },
  }
}
