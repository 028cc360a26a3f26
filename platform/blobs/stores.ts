import type { BlobOptions, Blobs } from './blobs.ts'
import { blobsWithin, openBlobs } from './open.ts'

/** A store for each name, apart from the others, so that what one owner removes nobody else misses. */
export interface BlobStores extends AsyncDisposable {
  of(name: string): Blobs
}

/** A store is opened when something is first asked of it. */
export function blobStores(url: string, options: BlobOptions): BlobStores {
  const stores = new Map<string, { blobs: Blobs; close: () => Promise<void> }>()
  return {
    of(name) {
      const known = stores.get(name) ?? openLater(() => openBlobs(blobsWithin(url, name), options))
      stores.set(name, known)
      return known.blobs
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...stores.values()].map(({ close }) => close()))
    },
  }
}

function openLater(open: () => Promise<Blobs>): { blobs: Blobs; close: () => Promise<void> } {
  let opened: Promise<Blobs> | undefined
  const store = () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }
  const close = async () => (await opened)?.[Symbol.asyncDispose]()
  const blobs: Blobs = {
    put: async (...arguments_) => (await store()).put(...arguments_),
    info: async (id) => (await store()).info(id),
    get: async (...arguments_) => (await store()).get(...arguments_),
    delete: async (id) => (await store()).delete(id),
    async *list() {
      yield* (await store()).list()
    },
    deleteStoredBefore: async (time) => (await store()).deleteStoredBefore(time),
    [Symbol.asyncDispose]: close,
  }
  return { blobs, close }
}
