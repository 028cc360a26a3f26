import type { Cache } from './cache.ts'
import { readThrough, type Store } from './read-through.ts'
import { decode, encode } from './values.ts'

export interface MemoryOptions {
  maxEntries?: number
  /** Approximate: keys, encoded values and what an entry takes beside them. */
  maxBytes?: number
}

interface Entry {
  bytes: Buffer
  /** Milliseconds since the epoch. */
  expiresAt: number
}

/** What an entry takes in the map and as objects, measured on Node 24. */
const entryBytes = 250

/** A cache of this process. What was used least recently goes first. */
export function openMemoryCache(options?: MemoryOptions): Cache {
  return readThrough(memoryStore(options))
}

export function memoryStore({ maxEntries = 10_000, maxBytes = 16 * 1024 * 1024 }: MemoryOptions = {}): Store {
  /** Least recently used first. */
  const entries = new Map<string, Entry>()
  let usedBytes = 0

  function take(key: string): Entry | undefined {
    const entry = entries.get(key)
    if (!entry) return undefined
    entries.delete(key)
    usedBytes -= sizeOf(key, entry)
    return entry.expiresAt > Date.now() ? entry : undefined
  }

  function put(key: string, entry: Entry): void {
    entries.set(key, entry)
    usedBytes += sizeOf(key, entry)
    for (const oldest of entries.keys()) {
      if (entries.size <= maxEntries && usedBytes <= maxBytes) return
      take(oldest)
    }
  }

  return {
    async get(key) {
      const entry = take(key)
      if (!entry) return undefined
      put(key, entry)
      return decode(entry.bytes)
    },
    async set(key, value, ttlMs) {
      take(key)
      if (value !== undefined) put(key, { bytes: encode(value), expiresAt: Date.now() + ttlMs })
    },
    async delete(...keys) {
      keys.forEach(take)
    },
    async increment(key, ttlMs) {
      const { bytes, expiresAt } = take(key) ?? { bytes: '0', expiresAt: Date.now() + ttlMs }
      const count = Number(bytes) + 1
      put(key, { bytes: Buffer.from(String(count)), expiresAt })
      return count
    },
    async [Symbol.asyncDispose]() {
      entries.clear()
    },
  }
}

function sizeOf(key: string, { bytes }: Entry): number {
  return entryBytes + 2 * key.length + bytes.length
}
