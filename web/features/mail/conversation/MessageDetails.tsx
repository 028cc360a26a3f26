/** All that the header of a message says. */
import { Fragment, type ReactNode } from 'react'
import type { MailAddress, Message } from '#contracts/mail/messages.ts'
import { useWords } from '#web/app/language.tsx'
import type { PlainKey } from '#web/messages/messages.ts'
import { longTime } from '../list/row-text.ts'
import { voucherOf } from './authentication.ts'
import classes from './message.module.css'

/** More are read in the original. */
const mostAddresses = 200

export function MessageDetails({ message }: { message: Message }) {
  const words = useWords()
  const { t } = words
  const { authentication } = message
  const voucher = authentication ? voucherOf(authentication) : undefined
  const addresses = (all: MailAddress[]) =>
    all.length > 0 &&
    all
      .slice(0, mostAddresses)
      .map(({ name, address }) => (name ? `${name} <${address}>` : address))
      .join(', ')
  const rows: [PlainKey, ReactNode][] = [
    ['mail.field.from', addresses(message.from)],
    [
      'mail.field.sender',
      message.sender[0]?.address !== message.from[0]?.address && addresses(message.sender),
    ],
    ['mail.field.replyTo', addresses(message.replyTo)],
    ['mail.field.to', addresses(message.to)],
    ['mail.field.cc', addresses(message.cc)],
    ['mail.field.bcc', addresses(message.bcc)],
    ['mail.field.date', longTime(words, message.sentAt ?? message.receivedAt)],
    ['mail.field.subject', message.subject],
    ['mail.field.sentBy', voucher?.sentBy],
    ['mail.field.signedBy', voucher?.signedBy],
    [
      'mail.field.security',
      authentication && t(authentication.client.isEncrypted ? 'mail.encrypted' : 'mail.notEncrypted'),
    ],
  ]
  return (
    <dl className={classes.details}>
      {rows.map(
        ([label, value]) =>
          value && (
            <Fragment key={label}>
              <dt>{t(label)}</dt>
              <dd>{value}</dd>
            </Fragment>
          ),
      )}
    </dl>
  )
}
