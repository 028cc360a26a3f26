/** A conversation in a list. Plain elements: it is made thirty times for each picture of a fast scroll. */
import { memo } from 'react'
import type { ThreadRow } from '#contracts/mail/messages.ts'
import { useWords } from '#web/app/language.tsx'
import { inkOn } from '../label-colors.ts'
import type { Label } from '../mailboxes.ts'
import { colorOf, initialOf, nameOf, shortTime, shownSenders } from './row-text.ts'
import classes from './thread-line.module.css'

export interface ThreadLineProps {
  row: ThreadRow
  position: number
  top: number
  href: string
  isSelected: boolean
  /** Reached by Tab. */
  isCurrent: boolean
  labels: ReadonlyMap<string, Label>
  /** That of the list itself, which rows don't repeat. */
  hiddenLabel: string | undefined
  isInboxShown: string | undefined
}

export const ThreadLine = memo(function ThreadLine(props: ThreadLineProps) {
  const { row, position, top, href, isSelected, isCurrent, labels, hiddenLabel, isInboxShown } = props
  const words = useWords()
  const { t } = words
  const isUnread = row.unread > 0
  const senders = shownSenders(row, t('mail.me'))
  const first = row.senders.find(({ isOwn }) => !isOwn) ?? row.senders[0] ?? { name: '', address: '?' }
  return (
    <div
      role="row"
      aria-rowindex={position + 1}
      aria-selected={isSelected}
      tabIndex={isCurrent ? 0 : -1}
      data-position={position}
      data-unread={isUnread || undefined}
      data-current={isCurrent || undefined}
      className={classes.row}
      style={{ transform: `translateY(${top}px)` }}
    >
      <div role="gridcell" className={classes.selectCell}>
        <span
          role="checkbox"
          aria-checked={isSelected}
          aria-label={t('mail.select')}
          tabIndex={-1}
          data-act="select"
          className={classes.checkbox}
        >
          <span className={classes.avatar} aria-hidden style={{ background: colorOf(first.address) }}>
            {initialOf(nameOf(first))}
          </span>
        </span>
        <button
          type="button"
          aria-pressed={row.isFlagged}
          aria-label={t('mail.star')}
          tabIndex={-1}
          data-act="star"
          className={classes.star}
        >
          <svg viewBox="0 0 24 24" aria-hidden>
            <path d={starPath} />
          </svg>
        </button>
      </div>
      <div role="gridcell" className={classes.sendersCell}>
        <a href={href} tabIndex={-1} data-act="open" draggable={false} className={classes.senders}>
          {isUnread && <span className={classes.hidden}>{t('mail.unread')} </span>}
          {senders.map(({ text, isUnread }, at) => (
            <span key={at} data-unread={isUnread || undefined}>
              {at > 0 && ', '}
              {text}
            </span>
          ))}
          {row.hasDraft && <span className={classes.draft}>, {t('mail.draft')}</span>}
        </a>
        {row.messages > 1 && <span className={classes.messages}>{words.number(row.messages)}</span>}
      </div>
      <div role="gridcell" className={classes.textCell}>
        {isInboxShown !== undefined && row.mailboxIds.includes(isInboxShown) && (
          <span className={classes.label}>{t('mail.place.inbox')}</span>
        )}
        {row.mailboxIds.map((id) => {
          const label = id === hiddenLabel ? undefined : labels.get(id)
          return label && <LabelChip key={id} label={label} />
        })}
        <span className={classes.subject}>{row.subject || t('mail.noSubject')}</span>
        <span className={classes.snippet}>
          <span className={classes.dash}> — </span>
          {row.snippet}
        </span>
      </div>
      <div role="gridcell" className={classes.filesCell}>
        <Files attachments={row.attachments} />
      </div>
      <div role="gridcell" className={classes.timeCell}>
        <time
          dateTime={row.lastAt}
          title={
            row.snoozedUntil
              ? t('mail.snoozedUntil', { time: words.dateTime(row.snoozedUntil) })
              : words.dateTime(row.lastAt)
          }
          data-snoozed={row.snoozedUntil ? true : undefined}
        >
          {shortTime(words, row.snoozedUntil ?? row.lastAt)}
        </time>
      </div>
    </div>
  )
})

function Files({ attachments }: Pick<ThreadRow, 'attachments'>) {
  const { t, number } = useWords()
  return (
    <>
      {attachments.slice(0, 1).map(({ fileName }) => (
        <span key={fileName} className={classes.file} title={fileName}>
          <svg viewBox="0 0 24 24" aria-label={t('mail.attachment')} role="img">
            <path d={clipPath} />
          </svg>
          <span>{fileName}</span>
        </span>
      ))}
      {attachments.length > 1 && <span className={classes.more}>+{number(attachments.length - 1)}</span>}
    </>
  )
}

export function LabelChip({ label }: { label: Pick<Label, 'path' | 'color'> }) {
  const style = label.color ? { background: label.color, color: inkOn(label.color) } : undefined
  return (
    <span className={classes.label} style={style} title={label.path}>
      {label.path}
    </span>
  )
}

const starPath = 'M12 2.6l2.9 5.9 6.5.9-4.7 4.6 1.1 6.5-5.8-3.1-5.8 3.1 1.1-6.5L2.6 9.4l6.5-.9z'
const clipPath =
  'M20.5 11.2l-8.6 8.6a5.4 5.4 0 0 1-7.7-7.7l8.6-8.6a3.6 3.6 0 0 1 5.1 5.1l-8.6 8.6a1.8 1.8 0 0 1-2.6-2.6l8-8'
