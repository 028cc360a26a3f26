import type { Readable } from 'node:stream'
import { standardError } from '#contracts/errors.ts'

/** Names a blob by its content: lower-case hex SHA-256 of the plain bytes. */
export type BlobId = string

export interface BlobInfo {
  id: BlobId
  sizeBytes: number
}

/**
 * Content-addressed bytes, zstd-compressed at rest, encrypted too where a key is set.
 * A malformed id is `invalid`. A store that is full or cannot be reached is `unavailable`.
 */
export interface Blobs extends AsyncDisposable {
  /**
   * Stores a stream of any length without holding it in memory. When it resolves the bytes are durable.
   * The same content twice is stored once; a copy whose frame is damaged is replaced. Fails with `tooLarge` above `maxBytes`, and then keeps nothing.
   */
  put(content: Readable | Buffer, options?: PutOptions): Promise<BlobInfo>
  /** Undefined when there is none. Rejects with BlobCorrupt when its frame is damaged. */
  info(id: BlobId): Promise<BlobInfo | undefined>
  /**
   * Plain bytes, all or `[start, end)`, cut where the blob ends. Rejects with BlobCorrupt when the frame is
   * damaged; the stream fails with it as soon as bytes do not match their checksum, before handing on the
   * block they stand in. Undefined when there is none. The stream must be read or destroyed.
   */
  get(id: BlobId, range?: BlobRange): Promise<Readable | undefined>
  delete(id: BlobId): Promise<void>
  /** Every id, in no order. For sweeping blobs that nothing refers to. */
  list(): AsyncIterable<BlobId>
  /** For a store of temporary things. Gives how many it removed. */
  deleteStoredBefore(time: Date): Promise<number>
}

export interface PutOptions {
  maxBytes?: number
  signal?: AbortSignal
}

export interface BlobRange {
  start: number
  end?: number
}

export interface BlobOptions {
  /** 32 bytes. What is stored from now on is encrypted; what was stored before stays readable. */
  encryptionKey?: Buffer | undefined
}

export class BlobCorrupt extends Error {
  readonly id: BlobId
  constructor(id: BlobId, what: string) {
    super(`blob ${id}: ${what}`)
    this.name = 'BlobCorrupt'
    this.id = id
  }
}

export function isBlobId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}

/** Throws `invalid`: an id becomes part of a path. */
export function checkBlobId(id: BlobId): void {
  if (!isBlobId(id)) throw standardError('invalid', 'a blob id is 64 lower-case hex digits')
}
