/** What is written and not saved yet, on this device: it outlives a crash of the tab and hours without a network. */
import type { LocalCopies, LocalCopy } from './draft-keeper.ts'

const prefix = 'mail-draft'

export interface KeptCopies extends LocalCopies {
  list(): LocalCopy[]
  /** No other tab has it open. */
  isFree(copy: LocalCopy): Promise<boolean>
}

/** A tab that writes touches its copies more often. */
const quietMs = 60_000

export function hasCopies(accountId: string): boolean {
  return localCopiesOf(accountId).list().length > 0
}

export function localCopiesOf(accountId: string): KeptCopies {
  const keyOf = (id: string) => `${prefix}:${accountId}:${id}`
  return {
    put: (copy) => quietly(() => localStorage.setItem(keyOf(copy.id), JSON.stringify(copy))),
    remove: (id) => quietly(() => localStorage.removeItem(keyOf(id))),
    list() {
      const keys = quietly(() => Object.keys(localStorage)) ?? []
      return keys.filter((key) => key.startsWith(keyOf(''))).flatMap(read)
    },
    async isFree({ id, changedAt }) {
      // Pages of plain HTTP have no locks.
      if (!('locks' in navigator)) return Date.now() - Date.parse(changedAt) > quietMs
      return navigator.locks.request(keyOf(id), { ifAvailable: true }, (lock) => lock !== null)
    },
    hold(id) {
      if (!('locks' in navigator)) return () => undefined
      let release = () => {}
      const held = new Promise<void>((resolve) => (release = resolve))
      void navigator.locks.request(keyOf(id), { ifAvailable: true }, () => held).catch(() => undefined)
      return () => release()
    },
  }
}

function read(key: string): LocalCopy[] {
  const copy = quietly(() => JSON.parse(localStorage.getItem(key) ?? 'null') as LocalCopy | null)
  return copy ? [copy] : []
}

/** Storage may be full or switched off: then the server alone keeps it. */
function quietly<Value>(act: () => Value): Value | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}
