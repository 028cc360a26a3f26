/** Changes of conversations: shown at once, taken back when they fail, and offered to be undone. */
import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { mail } from '#contracts/mail.ts'
import type { ThreadRow } from '#contracts/mail/messages.ts'
import { useWords } from '#web/app/language.tsx'
import { keyOf, perform } from '#web/app/queries.ts'
import { offerAction, showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { cachedLists, listsKey, mendList } from '../list/thread-list.ts'
import type { ThreadPages } from '../list/thread-pages.ts'
import type { Mailboxes } from '../mailboxes.ts'
import { changedRow, type Change } from './changed-row.ts'

/** Conversations, messages of one, or everything that a search finds. */
export type Chosen =
  | { threadIds: readonly string[] }
  | { messageIds: readonly string[]; threadId: string }
  | { query: string }

type Undo = () => void
let lastUndo: Undo | undefined

/** What `z` does: the last change that was offered to be undone. */
export function undoLast(): void {
  lastUndo?.()
}

export type ChangeMail = (chosen: Chosen, change: Change, notice?: string) => Promise<void>

/** `notice` says what was done, beside the offer to undo it. */
export function useChangeMail(mailboxes: Mailboxes | undefined): ChangeMail {
  const queries = useQueryClient()
  const { t } = useWords()
  const notifyFailure = useFailureNotice()
  return useCallback(
    async (chosen, change, notice) => {
      const takeBack = mailboxes ? showAtOnce(queries, { chosen, change, mailboxes }) : () => {}
      try {
        const undoIds = await send(queries, chosen, change)
        if (notice === undefined) return
        if (undoIds.length === 0) showNotice(notice)
        else offerUndo(notice, undoIds)
      } catch (error) {
        takeBack()
        notifyFailure(error)
      }

      function offerUndo(message: string, undoIds: string[]): void {
        const undo = () => {
          if (lastUndo === undo) lastUndo = undefined
          withdraw()
          takeBack()
          Promise.all(undoIds.map((undoId) => perform(mail.calls.undoChange, { undoId })))
            .then(() => readAnew(queries, chosen))
            .catch(notifyFailure)
        }
        const withdraw = offerAction(message, { label: t('mail.undo'), act: undo })
        lastUndo = undo
      }
    },
    [queries, t, notifyFailure, mailboxes],
  )
}

/** That a request may name. */
const mostIds = 500

async function send(queries: QueryClient, chosen: Chosen, change: Change): Promise<string[]> {
  const undoIds: string[] = []
  for (const input of inputsOf(chosen)) {
    const { undoId } = await perform(mail.calls.changeMail, { ...input, ...change })
    if (undoId !== null) undoIds.push(undoId)
  }
  readAnew(queries, chosen)
  return undoIds
}

function inputsOf(chosen: Chosen) {
  if ('query' in chosen) return [chosen]
  if ('messageIds' in chosen) return [{ messageIds: [...chosen.messageIds] }]
  const { threadIds } = chosen
  return Array.from({ length: Math.ceil(threadIds.length / mostIds) }, (_, i) => ({
    threadIds: threadIds.slice(i * mostIds, (i + 1) * mostIds),
  }))
}

/** Where the stream can't tell what became of it. */
function readAnew(queries: QueryClient, chosen: Chosen): void {
  if ('query' in chosen) return void queries.resetQueries({ queryKey: listsKey })
  for (const threadId of 'threadIds' in chosen ? chosen.threadIds : [chosen.threadId])
    if (queries.getQueryData([...keyOf(mail.calls.showThread), { threadId }]))
      void queries.invalidateQueries({ queryKey: [...keyOf(mail.calls.showThread), { threadId }] })
}

interface Shown {
  chosen: Chosen
  change: Change
  mailboxes: Mailboxes
}

/** Gives what puts everything back as it was. */
function showAtOnce(queries: QueryClient, { chosen, change, mailboxes }: Shown): () => void {
  if (!('threadIds' in chosen))
    return 'messageIds' in chosen ? showMessages(queries, chosen, change) : () => {}
  const ids = new Set(chosen.threadIds)
  const backs = cachedLists(queries).map((list) => {
    const pages = queries.getQueryData<ThreadPages>(list.key)?.pages ?? []
    const old = pages.flatMap(({ items }) => items.filter(({ id }) => ids.has(id)))
    const { source } = list
    mendList(
      queries,
      list,
      new Map(old.map((row) => [row.id, changedRow(row, change, { source, mailboxes })])),
    )
    return () => putBack(queries, list, old)
  })
  for (const threadId of ids) backs.push(showInConversation(queries, threadId, change))
  return () => backs.forEach((back) => back())
}

function putBack(queries: QueryClient, list: ReturnType<typeof cachedLists>[number], old: ThreadRow[]): void {
  mendList(queries, list, new Map(old.map((row) => [row.id, row])))
  // What a search finds has no place for what left it.
  if ('query' in list.source && old.length > 0) void queries.invalidateQueries({ queryKey: list.key })
}

type Conversation = OutputOf<typeof mail.calls.showThread>

function showInConversation(queries: QueryClient, threadId: string, change: Change, only?: Set<string>) {
  const key = [...keyOf(mail.calls.showThread), { threadId }]
  const old = queries.getQueryData<Conversation>(key)
  if (!old) return () => {}
  const messages = old.messages.map((message) =>
    only && !only.has(message.id)
      ? message
      : {
          ...message,
          isSeen: change.isSeen ?? message.isSeen,
          isFlagged: change.isFlagged ?? message.isFlagged,
          category: change.category ?? message.category,
        },
  )
  const thread = {
    ...old.thread,
    isFlagged: messages.some(({ isFlagged }) => isFlagged),
    isMuted: change.isMuted ?? old.thread.isMuted,
    category: change.category ?? old.thread.category,
    unread: messages.filter(({ isSeen }) => !isSeen).length,
  }
  queries.setQueryData<Conversation>(key, { ...old, thread, messages })
  return () => queries.setQueryData<Conversation>(key, old)
}

function showMessages(
  queries: QueryClient,
  { messageIds, threadId }: { messageIds: readonly string[]; threadId: string },
  change: Change,
): () => void {
  return showInConversation(queries, threadId, change, new Set(messageIds))
}
