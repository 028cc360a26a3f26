/** The compose windows, and how others open one. */
import { useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useMemo } from 'react'
import type { Message } from '#contracts/mail/messages.ts'
import type { DraftContent } from '#contracts/mail/writing.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { useAccount } from '#web/app/session.ts'
import { useFailureNotice } from '#web/ui/notices.ts'
import type { AnswerKind } from './answer.ts'
import { hasCopies } from './local-copies.ts'
import { useWindows, type OpenWindow } from './windows.ts'

const ComposeDock = lazy(() =>
  import('./ComposeDock.tsx').then(({ ComposeDock }) => ({ default: ComposeDock })),
)

/** Where the windows are. Once on a page. */
export function Composers() {
  const { id: accountId } = useAccount()
  const windows = useWindows(accountId)
  useUnsavedDrafts()
  useLeaving(windows)
  if (windows.length === 0) return null
  return (
    <Suspense>
      <ComposeDock windows={windows} />
    </Suspense>
  )
}

/** What was written when the tab went comes back, once in the life of the page. */
function useUnsavedDrafts(): void {
  const queries = useQueryClient()
  const words = useWords()
  const { id: accountId } = useAccount()
  useEffect(() => {
    if (lookedFor.has(accountId) || !hasCopies(accountId)) return
    lookedFor.add(accountId)
    void import('./openings.ts').then(({ openUnsaved }) => openUnsaved({ queries, accountId, words }))
  }, [accountId])
}

const lookedFor = new Set<string>()

/** Before the page goes, everything is on the device; a file that is on its way would be lost. */
function useLeaving(windows: readonly OpenWindow[]): void {
  useEffect(() => {
    const keep = () => windows.forEach(({ keeper }) => void keeper.flush().catch(() => undefined))
    const ask = (event: BeforeUnloadEvent) => {
      if (windows.some(({ uploads }) => uploads.view().length > 0)) event.preventDefault()
    }
    window.addEventListener('pagehide', keep)
    window.addEventListener('beforeunload', ask)
    return () => {
      window.removeEventListener('pagehide', keep)
      window.removeEventListener('beforeunload', ask)
    }
  }, [windows])
}

export interface Compose {
  /** A new message; what is given is filled in. */
  compose(initial?: Partial<DraftContent>): void
  /** The body of the message is asked for where the page does not have it. */
  reply(message: Message, kind: AnswerKind): void
  editDraft(draftId: string): void
}

export function useCompose(): Compose {
  const queries = useQueryClient()
  const words = useWords()
  const { id: accountId } = useAccount()
  const notifyFailure = useFailureNotice()
  return useMemo(() => {
    const writer = { queries, accountId, words }
    /** What it takes to write is loaded with the first window. */
    const start = (act: (part: typeof import('./openings.ts')) => Promise<unknown>) =>
      void import('./openings.ts').then(act).catch(notifyFailure)
    return {
      compose: (initial = {}) => start(({ openMessage }) => openMessage(writer, initial)),
      reply: (message, kind) => start(({ openAnswer }) => openAnswer(writer, message, kind)),
      editDraft: (draftId) =>
        start(async ({ openDraft }) => {
          const draft = queryOf(mail.calls.showDraft, { draftId })
          await openDraft(writer, await queries.fetchQuery({ ...draft, staleTime: 0 }))
        }),
    }
  }, [queries, accountId, words, notifyFailure])
}
