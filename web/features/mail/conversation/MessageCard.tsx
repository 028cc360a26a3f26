/** A message of a conversation, folded to a line or open. */
import type { Message, ThreadRow } from '#contracts/mail/messages.ts'
import { useWords } from '#web/app/language.tsx'
import { nameOf, shortTime } from '../list/row-text.ts'
import { Avatar } from './Avatar.tsx'
import { MessageContent } from './MessageContent.tsx'
import { MessageHead } from './MessageHead.tsx'
import classes from './message.module.css'

export interface MessageCardProps {
  message: Message
  thread: ThreadRow
  isOpen: boolean
  isFocused: boolean
  onToggle: () => void
  onMailTo: (address: string) => void
}

export function MessageCard({ message, thread, isOpen, isFocused, onToggle, onMailTo }: MessageCardProps) {
  const words = useWords()
  const { t } = words
  const from = message.from[0] ?? { name: '', address: '' }
  const name = message.isOwn ? t('mail.me') : nameOf(from)
  if (!isOpen)
    return (
      <div
        className={classes.card}
        data-message={message.id}
        tabIndex={-1}
        data-focused={isFocused || undefined}
      >
        <button type="button" className={classes.folded} aria-expanded={false} onClick={onToggle}>
          <Avatar name={name} address={from.address} />
          <strong>{name}</strong>
          <span className={classes.foldedText}>{message.snippet}</span>
          <time dateTime={message.receivedAt} className={classes.time}>
            {shortTime(words, message.receivedAt)}
          </time>
        </button>
      </div>
    )
  return (
    <section
      className={classes.card}
      data-message={message.id}
      data-open
      data-focused={isFocused || undefined}
      tabIndex={-1}
      aria-label={t('mail.messageFrom', { name })}
    >
      <MessageHead message={message} thread={thread} onToggle={onToggle} />
      <MessageContent message={message} onMailTo={onMailTo} />
    </section>
  )
}
