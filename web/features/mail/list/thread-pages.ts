/** Pages of a list of conversations as the cache holds them: found by position, mended one row at a time. */
import type { InfiniteData } from '@tanstack/react-query'
import type { ThreadRow } from '#contracts/mail/messages.ts'

export interface ThreadPage {
  items: readonly ThreadRow[]
  nextCursor: string | null
}
export type ThreadPages = InfiniteData<ThreadPage, string | undefined>

export interface ThreadIndex {
  count: number
  at(position: number): ThreadRow | undefined
  /** -1 where it is not in the list, or not loaded. */
  indexOf(threadId: string): number
  loadedIds(): string[]
}

/** The list as one, without a copy of it. */
export function threadIndex(data: ThreadPages | undefined): ThreadIndex {
  const pages = data?.pages ?? []
  const starts: number[] = []
  let positions: Map<string, number> | undefined
  let count = 0
  for (const { items } of pages) {
    starts.push(count)
    count += items.length
  }
  return {
    count,
    at(position) {
      const page = pageAt(starts, position)
      return pages[page]?.items[position - (starts[page] ?? 0)]
    },
    indexOf(threadId) {
      positions ??= new Map(pages.flatMap(({ items }) => items).map(({ id }, position) => [id, position]))
      return positions.get(threadId) ?? -1
    },
    loadedIds: () => pages.flatMap(({ items }) => items.map(({ id }) => id)),
  }
}

function pageAt(starts: readonly number[], position: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (starts[middle]! <= position) low = middle
    else high = middle - 1
  }
  return low
}

export interface Mending {
  /** By id what a conversation is now; null where it is not in the list any more. */
  rows: ReadonlyMap<string, ThreadRow | null>
  /** Whether what was not in the list comes into it. */
  takesNew: boolean
}

/** The same pages where nothing changes. */
export function mended(data: ThreadPages, { rows, takesNew }: Mending): ThreadPages {
  const left = new Map(rows)
  let isChanged = false
  let pages = data.pages.map((page) => {
    if (!page.items.some(({ id }) => left.has(id))) return page
    isChanged = true
    const items = page.items.flatMap((old) => {
      const row = left.get(old.id)
      if (row === undefined) return [old]
      if (row !== null && row.lastAt !== old.lastAt && takesNew) return []
      left.delete(old.id)
      return row === null ? [] : [row]
    })
    return { ...page, items }
  })
  if (takesNew)
    for (const row of left.values()) {
      if (row === null) continue
      const inserted = withRow(pages, row)
      isChanged ||= inserted !== pages
      pages = inserted
    }
  return isChanged ? { ...data, pages } : data
}

/** Where the order puts it; nowhere when that is behind what is loaded. */
function withRow(pages: ThreadPage[], row: ThreadRow): ThreadPage[] {
  const isAfter = (other: ThreadRow) => row.lastAt >= other.lastAt
  let at = pages.findIndex(({ items }) => items.length > 0 && isAfter(items.at(-1)!))
  if (at < 0) {
    if (pages.length === 0 || pages.at(-1)?.nextCursor !== null) return pages
    at = pages.length - 1
  }
  const page = pages[at]!
  const position = page.items.findIndex(isAfter)
  const items = page.items.toSpliced(position < 0 ? page.items.length : position, 0, row)
  return pages.with(at, { ...page, items })
}

/** What the list begins with, to be read anew from there. */
export function firstPageOf(data: ThreadPages): ThreadPages {
  return { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) }
}
