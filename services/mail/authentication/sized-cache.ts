interface Entry<T> {
  value: T
  expiresAt: number
  size: number
}

/** Counted for each entry beside its own size. */
const overhead = 200

/** Keeps values until their time is over; when it holds more than `capacity`, those not used for longest go. */
export function sizedCache<T>(capacity: number, now: () => number) {
  const entries = new Map<string, Entry<T>>()
  let held = 0

  function remove(key: string, entry: Entry<T>): void {
    entries.delete(key)
    held -= entry.size
  }

  return {
    get(key: string): T | undefined {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      if (entry.expiresAt <= now()) {
        held -= entry.size
        return undefined
      }
      entries.set(key, entry) // a Map keeps the order of insertion: the last is the one just used
      return entry.value
    },
    set(key: string, value: T, ttlSeconds: number, size: number): void {
      const before = entries.get(key)
      if (before !== undefined) remove(key, before)
      const entry = { value, expiresAt: now() + ttlSeconds * 1000, size: size + overhead }
      if (entry.size > capacity) return
      entries.set(key, entry)
      held += entry.size
      for (const [oldest, stale] of entries) {
        if (held <= capacity) return
        remove(oldest, stale)
      }
    },
    /** What the entries count for together. */
    get held(): number {
      return held
    },
  }
}
