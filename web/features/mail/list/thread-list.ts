/** Lists of conversations in the cache: which there are, how one is read, and how a change reaches them. */
import { useInfiniteQuery, type QueryClient, type UseInfiniteQueryResult } from '@tanstack/react-query'
import { useMemo } from 'react'
import { mail } from '#contracts/mail.ts'
import type { Category, ThreadRow } from '#contracts/mail/messages.ts'
import { caller } from '#web/app/caller.ts'
import { answerOrKept } from '#web/app/kept-answers.ts'
import type { Mailboxes } from '../mailboxes.ts'
import type { Place } from '../place.ts'
import { mended, threadIndex, type ThreadIndex, type ThreadPage, type ThreadPages } from './thread-pages.ts'

/** What the server is asked for. */
export type ListSource = { mailboxId: string; category?: Category } | { query: string }

/** Begins the keys of all lists. */
export const listsKey = ['mail', 'threadLists'] as const

const pageSize = 100

/** Undefined where there is no such mailbox. */
export function sourceOf(place: Place, mailboxes: Mailboxes, hasTabs: boolean): ListSource | undefined {
  switch (place.kind) {
    case 'starred':
      return { query: 'is:starred' }
    case 'search':
      return { query: place.query }
    case 'label':
      return mailboxes.byId.has(place.id) ? { mailboxId: place.id } : undefined
    default: {
      const mailboxId = mailboxes.byRole.get(place.role)?.id
      if (mailboxId === undefined) return undefined
      if (place.role !== 'inbox' || !hasTabs) return { mailboxId }
      return { mailboxId, category: place.category ?? 'primary' }
    }
  }
}

export interface ThreadList extends ThreadIndex {
  source: ListSource
  query: UseInfiniteQueryResult<ThreadPages>
}

export function useThreadList(source: ListSource): ThreadList {
  const queryKey = [...listsKey, source]
  const query = useInfiniteQuery({
    queryKey,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ signal, pageParam: cursor }): Promise<ThreadPage> => {
      const ask = () => askFor(source, cursor, signal)
      return cursor === undefined ? answerOrKept(JSON.stringify(queryKey), ask) : ask()
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    // The stream keeps it up to date; to compare a thousand pages with themselves takes longer than to show them.
    staleTime: Infinity,
    structuralSharing: false,
  }) as UseInfiniteQueryResult<ThreadPages>
  const index = useMemo(() => threadIndex(query.data), [query.data])
  return { ...index, source, query }
}

function askFor(source: ListSource, cursor: string | undefined, signal: AbortSignal): Promise<ThreadPage> {
  const page = { limit: pageSize, cursor }
  if ('query' in source) return caller.call(mail.calls.searchMail, { ...source, ...page }, { signal })
  return caller.call(mail.calls.listThreads, { ...source, ...page }, { signal })
}

/** Lists that the cache has. */
export function cachedLists(
  queries: QueryClient,
): { key: readonly unknown[]; source: ListSource; isShown: boolean }[] {
  return queries
    .getQueryCache()
    .findAll({ queryKey: listsKey })
    .map((query) => ({
      key: query.queryKey,
      source: query.queryKey[2] as ListSource,
      isShown: query.isActive(),
    }))
}

/** Puts rows into a list, or takes them out of it. */
export function mendList(
  queries: QueryClient,
  { key, source }: { key: readonly unknown[]; source: ListSource },
  rows: ReadonlyMap<string, ThreadRow | null>,
): void {
  queries.setQueryData<ThreadPages>(
    key,
    (data) => data && mended(data, { rows, takesNew: !('query' in source) }),
  )
}

/** Whether a list of the source has the conversation. What a search finds only the server knows. */
export function belongs(row: ThreadRow, source: ListSource): boolean {
  if ('query' in source) return true
  return row.mailboxIds.includes(source.mailboxId) && (!source.category || row.category === source.category)
}
