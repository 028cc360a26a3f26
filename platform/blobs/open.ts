import { fileURLToPath } from 'node:url'
import type { BlobOptions, Blobs } from './blobs.ts'
import { openDiskBlobs } from './disk.ts'

/** The same store one folder further down: what is kept there is apart from the rest. */
export function blobsWithin(url: string, folder: string): string {
  const [path = '', ...query] = url.split('?')
  return [`${path.replace(/\/$/, '')}/${folder}`, ...query].join('?')
}

/**
 * `file:./data/blobs`, `file:///var/lib/blobs` or `s3://…` as `openS3Blobs` takes it. The S3 client is loaded
 * only when it is used.
 */
export async function openBlobs(url: string, options: BlobOptions = {}): Promise<Blobs> {
  if (options.encryptionKey && options.encryptionKey.length !== 32)
    throw new Error('the key for blobs must be 32 bytes long')
  if (url.startsWith('s3:')) {
    const { openS3Blobs } = await import('./s3.ts')
    return openS3Blobs(url, options)
  }
  const directory = url.startsWith('file://') ? fileURLToPath(url) : url.replace(/^file:/, '')
  if (!url.startsWith('file:') || !directory) throw new Error('blobs need a url like file:./blobs or s3://…')
  return openDiskBlobs(directory, options)
}
