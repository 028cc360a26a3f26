/** The body of a message with its attachments, and what is to be known before it is read. */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ImageOff, ScissorsLineDashed, ShieldAlert } from 'lucide-react'
import { useCallback, useState, type ReactNode } from 'react'
import { addressOf } from '#contracts/http-client.ts'
import { mail } from '#contracts/mail.ts'
import type { Message } from '#contracts/mail/messages.ts'
import { keptQueryOf } from '#web/app/kept-answers.ts'
import { useWords } from '#web/app/language.tsx'
import { LinkAnchor } from '#web/ui/LinkAnchor.tsx'
import { Failed, Loading } from '#web/ui/states.tsx'
import { useMail } from '../mail-context.ts'
import { Attachments } from './Attachments.tsx'
import { warningOf } from './authentication.ts'
import classes from './message.module.css'
import { MessageFrame } from './MessageFrame.tsx'
import { TextBody } from './TextBody.tsx'

export interface MessageContentProps {
  message: Message
  onMailTo: (address: string) => void
  isPrint?: boolean
}

export function MessageContent({ message, onMailTo, isPrint = false }: MessageContentProps) {
  const { t } = useWords()
  const {
    data: body,
    error,
    refetch,
  } = useQuery({
    ...keptQueryOf(mail.calls.showMessageBody, { messageId: message.id }),
    staleTime: Infinity,
  })
  const { takesImages, hidesImages, onHiddenImages, showImages } = useImages(message)
  const warning = warningOf(message)
  const inlineParts = body?.inlineParts
  const addressOfPart = useCallback(
    (contentId: string) => {
      const part = inlineParts?.find((one) => one.contentId === contentId)?.part
      return part === undefined
        ? undefined
        : addressOf(mail.calls.downloadPart, { messageId: message.id, part })
    },
    [inlineParts, message.id],
  )
  if (!body)
    return (
      <div className={classes.content}>
        {error ? <Failed error={error} onRetry={() => void refetch()} /> : <Loading rows={3} />}
      </div>
    )
  const shown = new Set(body.html === null ? [] : body.inlineParts.map(({ part }) => part))
  const files = message.attachments.filter(({ part, isInline }) => !(isInline && shown.has(part)))
  return (
    <>
      {warning && (
        <Bar tone="bad" icon={<ShieldAlert size={16} aria-hidden />}>
          {t(warning)}
        </Bar>
      )}
      {hidesImages && (
        <Bar icon={<ImageOff size={16} aria-hidden />}>
          {t('mail.images.hidden')}
          <Button variant="subtle" size="compact-sm" onClick={showImages}>
            {t('mail.images.show')}
          </Button>
        </Bar>
      )}
      {body.isCut && (
        <Bar tone="warn" icon={<ScissorsLineDashed size={16} aria-hidden />}>
          {t('mail.cut')}
          <LinkAnchor to="/mail/original/$messageId" params={{ messageId: message.id }} size="sm">
            {t('mail.original')}
          </LinkAnchor>
        </Bar>
      )}
      <div className={classes.content}>
        {body.html !== null ? (
          <MessageFrame
            html={body.html}
            addressOfPart={addressOfPart}
            takesImages={takesImages}
            title={t('mail.messageText')}
            onHiddenImages={onHiddenImages}
            onMailTo={onMailTo}
          />
        ) : body.text !== null && body.text.trim() !== '' ? (
          <TextBody text={body.text} onMailTo={onMailTo} isOpen={isPrint} />
        ) : (
          <p className={classes.address}>{t('mail.noText')}</p>
        )}
        <Attachments messageId={message.id} files={files} />
      </div>
    </>
  )
}

interface BarProps {
  tone?: 'bad' | 'warn'
  icon: ReactNode
  children: ReactNode
}

function Bar({ tone, icon, children }: BarProps) {
  return (
    <div className={classes.bar} data-tone={tone} role="note">
      {icon}
      {children}
    </div>
  )
}

/** What the filter says of who is known here. */
const knownCodes = new Set(['answersOurs', 'repliedBefore', 'inContacts', 'readBefore'])

function useImages(message: Message) {
  const { preferences } = useMail()
  const isProved = message.authentication?.dmarc.result === 'pass'
  const isKnown = message.isOwn || (isProved && message.spam.reasons.some(({ code }) => knownCodes.has(code)))
  const [isWanted, setWanted] = useState(false)
  const [hidesImages, setHidesImages] = useState(false)
  const takesImages = isWanted || (preferences.images === 'known' && isKnown)
  return {
    takesImages,
    hidesImages: hidesImages && !takesImages,
    onHiddenImages: useCallback(() => setHidesImages(true), []),
    showImages: () => setWanted(true),
  }
}
