/** What can be done with conversations, each with the words that say it was done. */
import { useMemo } from 'react'
import type { Category } from '#contracts/mail/messages.ts'
import { useWords } from '#web/app/language.tsx'
import type { CountedKey } from '#web/messages/messages.ts'
import { useMail } from '../mail-context.ts'
import type { Place } from '../place.ts'
import type { Change } from './changed-row.ts'
import type { Chosen } from './mail-actions.ts'

export interface ThreadActions {
  archive(): void
  moveToInbox(): void
  trash(): void
  spam(): void
  notSpam(): void
  markSeen(isSeen: boolean): void
  star(isFlagged: boolean): void
  /** Null brings it back. */
  snooze(until: string | null): void
  mute(isMuted: boolean): void
  changeLabels(add: readonly string[], remove: readonly string[]): void
  /** Into a label, and out of where it is listed. */
  moveToLabel(labelId: string): void
  changeCategory(category: Category): void
}

export interface ActionTarget {
  chosen: Chosen
  /** How many conversations; for what a search finds, as many as are known. */
  count: number
  place: Place
  /** After what takes them out of where they are listed. */
  onLeave?: (() => void) | undefined
}

export function useThreadActions(target: ActionTarget | undefined): ThreadActions {
  const { counted } = useWords()
  const { changeMail } = useMail()
  return useMemo(() => {
    const change = (change: Change, done?: CountedKey) => {
      if (!target) return
      void changeMail(target.chosen, change, done && counted(done, target.count))
    }
    const leave = (changes: Change, done: CountedKey) => {
      change(changes, done)
      target?.onLeave?.()
    }
    const place = target?.place
    const here = place?.kind === 'label' ? [place.id] : []
    return {
      archive: () =>
        leave({ moveTo: 'archive', ...(here.length > 0 && { removeLabels: here }) }, 'mail.done.archived'),
      moveToInbox: () => leave({ moveTo: 'inbox' }, 'mail.done.inbox'),
      trash: () => leave({ moveTo: 'trash' }, 'mail.done.trashed'),
      spam: () => leave({ moveTo: 'junk' }, 'mail.done.spam'),
      notSpam: () => leave({ moveTo: 'inbox' }, 'mail.done.notSpam'),
      markSeen: (isSeen) => change({ isSeen }, isSeen ? 'mail.done.read' : 'mail.done.unread'),
      star: (isFlagged) => change({ isFlagged }),
      snooze: (snoozeUntil) =>
        leave({ snoozeUntil }, snoozeUntil === null ? 'mail.done.unsnoozed' : 'mail.done.snoozed'),
      mute: (isMuted) => change({ isMuted }, isMuted ? 'mail.done.muted' : 'mail.done.unmuted'),
      changeLabels: (add, remove) =>
        change({ addLabels: [...add], removeLabels: [...remove] }, 'mail.done.labelled'),
      moveToLabel: (labelId) =>
        leave(
          { moveTo: 'archive', addLabels: [labelId], removeLabels: here.filter((id) => id !== labelId) },
          'mail.done.moved',
        ),
      changeCategory: (category) => change({ category }, 'mail.done.category'),
    }
  }, [target, changeMail, counted])
}
