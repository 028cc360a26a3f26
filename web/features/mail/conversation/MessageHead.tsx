/** Who sent a message to whom and when, and what can be done with this message alone. */
import { ActionIcon, Button, Text, Tooltip } from '@mantine/core'
import { ChevronDown, ChevronUp, Reply, Star } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { mail } from '#contracts/mail.ts'
import type { MailAddress, Message, ThreadRow } from '#contracts/mail/messages.ts'
import { keptQueryOf } from '#web/app/kept-answers.ts'
import { useWords } from '#web/app/language.tsx'
import { perform } from '#web/app/queries.ts'
import { showNotice } from '#web/ui/notices.ts'
import { Question } from '#web/ui/Question.tsx'
import { useCompose } from '../compose/composers.tsx'
import { longTime, nameOf, shortTime } from '../list/row-text.ts'
import { useMail } from '../mail-context.ts'
import { Avatar } from './Avatar.tsx'
import { MessageDetails } from './MessageDetails.tsx'
import { MessageMenu } from './MessageMenu.tsx'
import classes from './message.module.css'

const WhyPanel = lazy(() => import('../why/WhyPanel.tsx').then(({ WhyPanel }) => ({ default: WhyPanel })))
const DeliveryPanel = lazy(() =>
  import('./DeliveryPanel.tsx').then(({ DeliveryPanel }) => ({ default: DeliveryPanel })),
)

export interface MessageHeadProps {
  message: Message
  thread: ThreadRow
  onToggle: () => void
}

export function MessageHead({ message, thread, onToggle }: MessageHeadProps) {
  const words = useWords()
  const { t } = words
  const { changeMail } = useMail()
  const { reply } = useCompose()
  const [hasDetails, setHasDetails] = useState(false)
  const [panel, setPanel] = useState<'why' | 'delivery'>()
  const from = message.from[0] ?? { name: '', address: '' }
  const name = message.isOwn ? t('mail.me') : nameOf(from)
  return (
    <>
      <div className={classes.head}>
        <Avatar name={name} address={from.address} />
        <div className={classes.who}>
          <div className={classes.from}>
            <button
              type="button"
              className={classes.recipients}
              style={{ color: 'inherit', fontWeight: 600, fontSize: 14 }}
              aria-expanded
              onClick={onToggle}
            >
              <span>{from.name || from.address}</span>
            </button>
            {from.name !== '' && <span className={classes.address}>&lt;{from.address}&gt;</span>}
            <Unsubscribe message={message} />
            <time
              dateTime={message.receivedAt}
              title={longTime(words, message.receivedAt)}
              className={classes.time}
            >
              {shortTime(words, message.receivedAt)}
            </time>
          </div>
          <button
            type="button"
            className={classes.recipients}
            aria-expanded={hasDetails}
            title={t('mail.details')}
            onClick={() => setHasDetails(!hasDetails)}
          >
            <span>{useRecipients(message)}</span>
            {hasDetails ? <ChevronUp size={14} aria-hidden /> : <ChevronDown size={14} aria-hidden />}
          </button>
          {message.delivery && message.delivery !== 'delivered' && (
            <Text size="xs" c={message.delivery === 'failed' ? 'red' : 'dimmed'}>
              {t(`mail.delivery.${message.delivery}`)}
            </Text>
          )}
        </div>
        <div className={classes.tools}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t('mail.star')}
            aria-pressed={message.isFlagged}
            onClick={() =>
              void changeMail(
                { messageIds: [message.id], threadId: message.threadId },
                { isFlagged: !message.isFlagged },
              )
            }
          >
            <Star
              size={17}
              strokeWidth={1.75}
              fill={message.isFlagged ? '#f0b400' : 'none'}
              color={message.isFlagged ? '#b07d00' : 'currentColor'}
            />
          </ActionIcon>
          <Tooltip label={t('mail.reply')}>
            <ActionIcon
              variant="subtle"
              color="gray"
              data-wide
              aria-label={t('mail.reply')}
              onClick={() => reply(message, 'reply')}
            >
              <Reply size={17} strokeWidth={1.75} />
            </ActionIcon>
          </Tooltip>
          <MessageMenu message={message} thread={thread} onPanel={setPanel} />
        </div>
      </div>
      {hasDetails && <MessageDetails message={message} />}
      <Suspense>
        {panel === 'why' && <WhyPanel message={message} onClose={() => setPanel(undefined)} />}
        {panel === 'delivery' && <DeliveryPanel message={message} onClose={() => setPanel(undefined)} />}
      </Suspense>
    </>
  )
}

/** `to me, Karim and 3 more` */
function useRecipients({ to, cc }: Message): string {
  const { t, counted } = useWords()
  const { mailboxes } = useMail()
  const all = [...to, ...cc]
  const nameIn = (one: MailAddress) =>
    one.address.toLowerCase() === mailboxes.address?.toLowerCase()
      ? t('mail.me')
      : nameOf(one, all.length > 1)
  const shown = all.slice(0, mostShown).map(nameIn).join(', ')
  if (all.length === 0) return t('mail.to.hidden')
  const names = t('mail.to.names', { names: shown })
  return all.length > mostShown ? `${names} ${counted('mail.to.more', all.length - mostShown)}` : names
}

const mostShown = 4

function Unsubscribe({ message }: { message: Message }) {
  const { t } = useWords()
  const [asks, setAsks] = useState(false)
  const { data: body } = useQuery({
    ...keptQueryOf(mail.calls.showMessageBody, { messageId: message.id }),
    staleTime: Infinity,
  })
  if (!body?.unsubscribe) return null
  const sender = message.from[0]?.name || message.from[0]?.address || ''
  return (
    <>
      <Button variant="subtle" size="compact-xs" onClick={() => setAsks(true)}>
        {t('mail.unsubscribe')}
      </Button>
      {asks && (
        <Question
          title={t('mail.unsubscribe')}
          action={t('mail.unsubscribe')}
          onConfirm={async () => {
            await perform(mail.calls.unsubscribe, { messageId: message.id })
            showNotice(t('mail.unsubscribe.done', { sender }))
          }}
          onClose={() => setAsks(false)}
        >
          <Text size="sm">
            {t(body.unsubscribe === 'mail' ? 'mail.unsubscribe.byMail' : 'mail.unsubscribe.text', { sender })}
          </Text>
        </Question>
      )}
    </>
  )
}
