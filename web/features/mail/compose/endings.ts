/** How a compose window ends: sent, closed or thrown away. Each can be taken back for a while. */
import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { CallError } from '#contracts/errors.ts'
import { unreachable } from '#contracts/http-client.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { keyOf, perform, queryOf } from '#web/app/queries.ts'
import { useAccount } from '#web/app/session.ts'
import { offerAction, showNotice, useFailureNotice } from '#web/ui/notices.ts'
import type { DraftKeeper } from './draft-keeper.ts'
import { shownIds } from './message-html.ts'
import { openNew, openSaved } from './open-draft.ts'
import { removeWindow, type OpenWindow } from './windows.ts'

export interface Endings {
  /** Rejects when the server does not take it: then the window stays. */
  send(sendAt?: Date): Promise<void>
  /** What is written stays a draft. */
  close(): void
  discard(): void
}

/** Where the preferences can't be read. */
const defaultUndoSeconds = 10

export function useEndings(opened: OpenWindow): Endings {
  const queries = useQueryClient()
  const words = useWords()
  const { id: accountId } = useAccount()
  const notifyFailure = useFailureNotice()
  return useMemo(() => {
    const { t, dateTime } = words
    const { key, keeper, uploads } = opened
    const author = { queries, accountId }
    const refresh = () => {
      for (const call of [mail.calls.listDrafts, mail.calls.listMailboxes, mail.calls.showThread])
        void queries.invalidateQueries({ queryKey: keyOf(call) })
    }

    async function send(sendAt?: Date): Promise<void> {
      await uploads.settled()
      dropUnshown(keeper)
      const { id: draftId, version } = await keeper.flush()
      const sent = await sendOrContest(keeper, {
        draftId,
        version,
        ...(sendAt && { sendAt: sendAt.toISOString() }),
      })
      keeper.close({ forget: true })
      removeWindow(key)
      refresh()
      const preferences = queries.getQueryData(queryOf(mail.calls.showMailPreferences, {}).queryKey)
      const seconds = sendAt ? 15 : (preferences?.undoSeconds ?? defaultUndoSeconds)
      const text = sendAt ? t('compose.scheduled', { time: dateTime(sendAt) }) : t('compose.sent')
      const { messageId } = sent
      const act = () => messageId !== undefined && void takeBack(messageId).catch(notifyFailure)
      if (seconds > 0 && messageId !== undefined)
        offerAction(text, { label: t('compose.undo'), act, seconds })
      else showNotice(text)
    }

    async function takeBack(messageId: string): Promise<void> {
      openSaved(author, await perform(mail.calls.cancelSending, { messageId }))
      refresh()
    }

    function close(): void {
      removeWindow(key)
      const { version, state } = keeper.view()
      if (version === 0 && state === 'saved' && uploads.view().length === 0)
        return keeper.close({ forget: true })
      const end = async () => {
        await uploads.settled()
        try {
          await keeper.flush()
          keeper.close({ forget: true })
          showNotice(t('compose.draftSaved'))
          refresh()
        } catch (error) {
          keeper.closeWhenSaved()
          notifyFailure(error)
        }
      }
      void end()
    }

    function discard(): void {
      const { id: draftId, version, content, state } = keeper.view()
      const isUntouched = version === 0 && state === 'saved'
      uploads.cancelAll()
      removeWindow(key)
      const end = async () => {
        if ((await keeper.discard()) > 0) await perform(mail.calls.deleteDraft, { draftId })
        if (isUntouched) return
        const act = () => openNew(author, content, 'text').keeper.change({})
        offerAction(t('compose.discarded'), { label: t('compose.undo'), act })
        refresh()
      }
      void end().catch(notifyFailure)
    }

    return { send, close, discard }
  }, [opened, queries, words, accountId, notifyFailure])
}

/** A picture that the text does not show any more stays here. */
function dropUnshown(keeper: DraftKeeper): void {
  const { content } = keeper.view()
  const shown = shownIds(content.html)
  const attachments = content.attachments.filter(
    ({ contentId }) => contentId === undefined || shown.has(contentId),
  )
  if (attachments.length < content.attachments.length) keeper.change({ attachments })
}

/** Drafts whose sending got no answer: when they are gone, they went. */
const unanswered = new Set<string>()

/** Where it was changed elsewhere the window asks which of the two it shall be. */
async function sendOrContest(
  keeper: DraftKeeper,
  input: { draftId: string; version: number; sendAt?: string },
): Promise<{ messageId?: string }> {
  try {
    return await perform(mail.calls.sendDraft, input)
  } catch (error) {
    const code = error instanceof CallError ? error.code : ''
    if (code === 'notFound' && unanswered.has(input.draftId)) return {}
    if (code === unreachable || code === 'deadlineExceeded') unanswered.add(input.draftId)
    if (code === 'draftChanged') {
      keeper.change({})
      await keeper.flush()
    }
    throw error
  }
}
