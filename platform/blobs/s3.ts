import { randomUUID } from 'node:crypto'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { checkBlobId, isBlobId, type BlobId, type BlobOptions, type Blobs } from './blobs.ts'
import {
  isEncrypted,
  openContainer,
  rangeWithin,
  readContainer,
  type StoredBytes,
} from './container-reader.ts'
import { connectBucket } from './s3-bucket.ts'
import { spool } from './spool.ts'

/**
 * Blobs as objects of an existing bucket, each under `prefix` and its id.
 *
 * `url` is `s3://key:secret@host:port/bucket/prefix?region=eu-west-1&tls=0`. Key and secret are
 * percent-encoded; without them the SDK looks in its usual places (environment, files, instance role).
 * Region: `us-east-1` unless given. `tls=0`: plain HTTP. Buckets are addressed by path.
 *
 * Parts of an upload whose process died stay until a lifecycle rule of the bucket removes them
 * (`AbortIncompleteMultipartUpload`).
 */
export function openS3Blobs(url: string, { encryptionKey }: BlobOptions = {}): Blobs {
  const bucket = connectBucket(url)
  const turns = new Map<BlobId, Promise<void>>()

  const openBlob = async (id: BlobId) => {
    checkBlobId(id)
    const stored = await bucket.open(id)
    return stored && openContainer(id, stored, encryptionKey)
  }
  const store = async (id: BlobId, file: FileHandle, signal?: AbortSignal) => {
    const there = await bucket.open(id)
    if (!there || !(await isGood(id, there, encryptionKey))) await bucket.upload(id, file, signal)
  }

  return {
    // An object cannot be renamed, and the id is known only at the end. So the container is spooled to a file in
    // TMPDIR: copying from a temporary key would need a copy by parts above 5 GB and leave keys to sweep. Equal
    // content is not sent twice, and S3 shows an object only when it is complete.
    put(content, options = {}) {
      return spool(content, { ...options, encryptionKey }, openNameless, (file, { id }) =>
        inTurn(turns, id, () => store(id, file, options.signal)),
      )
    },

    async info(id) {
      const container = await openBlob(id)
      return container && { id, sizeBytes: container.sizeBytes }
    },

    async get(id, range) {
      rangeWithin(0, range)
      const container = await openBlob(id)
      if (!container) return undefined
      const content = readContainer(container, rangeWithin(container.sizeBytes, range))
      return Readable.from(content, { objectMode: false })
    },

    async delete(id) {
      checkBlobId(id)
      await bucket.delete(id)
    },

    async *list() {
      for await (const { name } of bucket.list()) if (isBlobId(name)) yield name
    },

    async deleteStoredBefore(time) {
      let deleted = 0
      for await (const { name, storedAt } of bucket.list()) {
        if (!isBlobId(name) || storedAt >= time) continue
        await bucket.delete(name)
        deleted++
      }
      return deleted
    },

    async [Symbol.asyncDispose]() {
      bucket.close()
    },
  }
}

/** False when it is damaged, or not encrypted as it now should be. */
async function isGood(id: BlobId, stored: StoredBytes, encryptionKey: Buffer | undefined): Promise<boolean> {
  try {
    return isEncrypted(await openContainer(id, stored, encryptionKey)) === (encryptionKey !== undefined)
  } catch {
    return false
  }
}

/** A file that is gone when it is closed, however the process ends. */
async function openNameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `dakghar-blob-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  await rm(path)
  return file
}

/** Works for one id follow each other: the second finds what the first has stored. */
async function inTurn(
  turns: Map<BlobId, Promise<void>>,
  id: BlobId,
  work: () => Promise<void>,
): Promise<void> {
  const turn = (turns.get(id) ?? Promise.resolve()).catch(() => {}).then(work)
  turns.set(id, turn)
  try {
    await turn
  } finally {
    if (turns.get(id) === turn) turns.delete(id)
  }
}
