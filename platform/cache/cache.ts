/**
 * A cache is never the only copy of anything: losing all of it costs time only.
 * Values are what MessagePack carries: JSON's, Date, bytes. Undefined is not kept. What callers get is theirs,
 * except that those who share one load share its value.
 */
export interface Cache extends AsyncDisposable {
  /**
   * The cached value, or `load()`'s, kept for `ttlMs` less up to a tenth of it (so that keys do not expire together).
   * Callers that ask for the same key while it loads share one load (in this process). A failed load is not kept,
   * nor is one whose key was set or deleted meanwhile.
   * A cache that is down is the same as a miss.
   */
  read<T>(key: string, ttlMs: number, load: () => Promise<T>): Promise<T>
  get(key: string): Promise<unknown>
  set(key: string, value: unknown, ttlMs: number): Promise<void>
  delete(...keys: string[]): Promise<void>
  /** Adds one and gives the new count; the first one sets the lifetime. `get` gives the count too. */
  increment(key: string, ttlMs: number): Promise<number>
}
