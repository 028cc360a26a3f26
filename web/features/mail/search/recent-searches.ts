/** What was searched for lately, on this device, until the person signs out. */
import { keptPrefix } from '#web/app/kept-answers.ts'

const storageKey = `${keptPrefix}mail-searches`
const most = 8

export function recentSearches(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]')
    return Array.isArray(stored) ? stored.filter((one) => typeof one === 'string').slice(0, most) : []
  } catch {
    return []
  }
}

export function rememberSearch(query: string): void {
  const searches = [query, ...recentSearches().filter((one) => one !== query)].slice(0, most)
  try {
    localStorage.setItem(storageKey, JSON.stringify(searches))
  } catch {
    // It is not offered again.
  }
}
