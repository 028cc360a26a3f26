/** Keeps everything that is shown up to date with the server, by the stream of changes. */
import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { mail } from '#contracts/mail.ts'
import type { ThreadRow } from '#contracts/mail/messages.ts'
import { caller } from '#web/app/caller.ts'
import { keyOf, useStream } from '#web/app/queries.ts'
import { belongs, cachedLists, listsKey, mendList } from '../list/thread-list.ts'
import { firstPageOf, type ThreadPages } from '../list/thread-pages.ts'
import { mailboxesQuery, useMailboxes } from '../mailboxes.ts'

type Changes = OutputOf<typeof mail.streams.changes>

/** In the page around all others of the mail. */
export function useLiveMail(): void {
  const queries = useQueryClient()
  const modseq = useMailboxes()?.modseq
  // The stream goes on from where it began; what is read later does not begin it anew.
  const [after, setAfter] = useState<number>()
  useEffect(() => setAfter((known) => known ?? modseq), [modseq])
  const followed = useRef<Follower>(undefined)
  followed.current ??= follower(queries)
  useEffect(() => () => followed.current?.stop(), [])
  useStream(
    mail.streams.changes,
    { after },
    { keep: 0, isOn: after !== undefined, onItem: (item) => followed.current?.take(item) },
  )
}

interface Follower {
  take(changes: Changes): void
  stop(): void
}

/** Changes that come within this time are asked about at once. */
const gatherMs = 60
/** Counts of categories are counted anew for them. */
const countMs = 1500
/** That a request may name. */
const mostIds = 100

function follower(queries: QueryClient): Follower {
  let waiting = new Set<string>()
  let gathering: ReturnType<typeof setTimeout> | undefined
  let counting: ReturnType<typeof setTimeout> | undefined

  function gather(): void {
    gathering = undefined
    const ids = [...waiting]
    waiting = new Set()
    if (ids.length > mostIds * 5) return readAllAnew(queries)
    for (let i = 0; i < ids.length; i += mostIds) void showChanged(queries, ids.slice(i, i + mostIds))
  }

  function count(): void {
    counting = undefined
    void queries.invalidateQueries({ queryKey: mailboxesQuery.queryKey })
  }

  return {
    take({ isGap, threadIds, mailboxes }) {
      takeCounts(queries, mailboxes)
      counting ??= setTimeout(count, countMs)
      if (isGap) return readAllAnew(queries)
      for (const id of threadIds) waiting.add(id)
      if (waiting.size > 0) gathering ??= setTimeout(gather, gatherMs)
    },
    stop() {
      clearTimeout(gathering)
      clearTimeout(counting)
      gathering = counting = undefined
    },
  }
}

function takeCounts(queries: QueryClient, counts: Changes['mailboxes']): void {
  const byId = new Map(counts.map((one) => [one.id, one]))
  queries.setQueryData(
    mailboxesQuery.queryKey,
    (data) =>
      data && { ...data, items: data.items.map((mailbox) => ({ ...mailbox, ...byId.get(mailbox.id) })) },
  )
}

/** Of lists that are not shown only the beginning is kept, to be read when they are. */
async function showChanged(queries: QueryClient, threadIds: string[]): Promise<void> {
  for (const threadId of threadIds)
    void queries.invalidateQueries({ queryKey: [...keyOf(mail.calls.showThread), { threadId }] })
  const lists = cachedLists(queries)
  for (const { key, isShown } of lists) if (!isShown) queries.removeQueries({ queryKey: key, exact: true })
  await Promise.all(
    lists
      .filter(({ isShown }) => isShown)
      .map(async (list) => {
        const { source } = list
        const mailboxId = 'mailboxId' in source ? source.mailboxId : undefined
        const { items } = await caller.call(mail.calls.showThreads, { threadIds, mailboxId })
        const found = new Map(items.map((row) => [row.id, row]))
        const rowOf = (id: string): ThreadRow | null => {
          const row = found.get(id)
          return row && belongs(row, source) ? row : null
        }
        mendList(queries, list, new Map(threadIds.map((id) => [id, rowOf(id)])))
      }),
  ).catch(() => readAllAnew(queries))
}

function readAllAnew(queries: QueryClient): void {
  for (const { key } of cachedLists(queries)) {
    queries.setQueryData<ThreadPages>(key, (data) => data && firstPageOf(data))
    void queries.invalidateQueries({ queryKey: key })
  }
  void queries.invalidateQueries({ queryKey: [...listsKey] })
  void queries.invalidateQueries({ queryKey: mailboxesQuery.queryKey })
  void queries.invalidateQueries({ queryKey: keyOf(mail.calls.showThread) })
}
