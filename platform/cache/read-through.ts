import type { Cache } from './cache.ts'

/** What an adapter does itself. */
export type Store = Omit<Cache, 'read'>

type Load = () => Promise<unknown>

/** Adds `read`, with one load at a time for a key and lifetimes that differ. */
export function readThrough(store: Store): Cache {
  const loads = new Map<string, Promise<unknown>>()

  async function loadAndKeep(key: string, ttlMs: number, load: Load, isCurrent: () => boolean) {
    const cached = await store.get(key)
    if (cached !== undefined) return cached
    const value = await load()
    if (isCurrent()) await store.set(key, value, ttlMs * (1 - Math.random() / 10))
    return value
  }

  return {
    ...store,
    read<T>(key: string, ttlMs: number, load: () => Promise<T>) {
      const running = loads.get(key)
      if (running) return running as Promise<T>
      const isCurrent = () => loads.get(key) === started
      const started = loadAndKeep(key, ttlMs, load, isCurrent).finally(() => {
        if (isCurrent()) loads.delete(key)
      })
      loads.set(key, started)
      return started as Promise<T>
    },
    set(key, value, ttlMs) {
      loads.delete(key)
      return store.set(key, value, ttlMs)
    },
    delete(...keys) {
      for (const key of keys) loads.delete(key)
      return store.delete(...keys)
    },
  }
}
