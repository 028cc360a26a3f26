/** What the pointer finds on the row it is over. Keys and the toolbar do the same. */
import { ActionIcon } from '@mantine/core'
import { AlarmClock, Archive, MailCheck, MailWarning, Trash2, type LucideIcon } from 'lucide-react'
import type { ThreadRow } from '#contracts/mail/messages.ts'
import { useWords } from '#web/app/language.tsx'
import type { PlainKey } from '#web/messages/messages.ts'
import type { Place } from '../place.ts'
import type { RowAct } from './ThreadTable.tsx'
import classes from './thread-table.module.css'

export interface RowActionsProps {
  row: ThreadRow
  top: number
  height: number
  place: Place
  isSelected: boolean
  onAct: (act: RowAct, row: ThreadRow) => void
}

export function RowActions({ row, top, height, place, isSelected, onAct }: RowActionsProps) {
  const { t } = useWords()
  const isGone = place.kind === 'mailbox' && (place.role === 'trash' || place.role === 'junk')
  const acts: [RowAct, LucideIcon, PlainKey][] = [
    ...(isGone
      ? []
      : ([['archive', Archive, 'mail.archive']] as const).map(
          (one) => [...one] as [RowAct, LucideIcon, PlainKey],
        )),
    ['trash', Trash2, 'mail.delete'],
    ['read', row.unread > 0 ? MailCheck : MailWarning, row.unread > 0 ? 'mail.markRead' : 'mail.markUnread'],
    ['snooze', AlarmClock, 'mail.snooze'],
  ]
  return (
    <div
      className={classes.actions}
      aria-hidden
      data-tone={isSelected ? 'selected' : row.unread > 0 ? undefined : 'read'}
      style={{ transform: `translateY(${top}px)`, height: height - 1 }}
    >
      {acts.map(([act, Icon, label]) => (
        <ActionIcon
          key={act}
          variant="subtle"
          color="gray"
          size={30}
          tabIndex={-1}
          title={t(label)}
          onClick={() => onAct(act, row)}
        >
          <Icon size={17} strokeWidth={1.75} />
        </ActionIcon>
      ))}
    </div>
  )
}
