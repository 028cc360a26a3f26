/** Look-ups whose answers hold for a moment: mail often comes many at a time. */

export interface Remembering<Value> {
  read(key: string, load: () => Promise<Value>): Promise<Value>
  forget(key: string): void
}

/** One look-up for all that ask at the same time. What failed, or is not `worth` it, is not remembered. */
export function remember<Value>(
  forMs: number,
  most: number,
  worth: (value: Value) => boolean = () => true,
): Remembering<Value> {
  const known = new Map<string, { value: Promise<Value>; until: number }>()
  return {
    read(key, load) {
      const found = known.get(key)
      if (found && found.until > Date.now()) return found.value
      const value = load()
      const forget = () => known.get(key)?.value === value && known.delete(key)
      value.then((found) => worth(found) || forget(), forget)
      known.delete(key)
      known.set(key, { value, until: Date.now() + forMs })
      const [oldest] = known.keys()
      if (known.size > most && oldest !== undefined) known.delete(oldest)
      return value
    },
    forget: (key) => void known.delete(key),
  }
}
