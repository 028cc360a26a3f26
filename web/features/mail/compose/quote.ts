/** What an answer quotes of the message it answers. */
import type { OutputOf } from '#contracts/client.ts'
import type { MailAddress, Message } from '#contracts/mail/messages.ts'
import type { mail } from '#contracts/mail.ts'
import type { Words } from '#web/app/words.ts'
import type { AnswerKind } from './answer.ts'
import { paragraphsOf, quoted, safe } from './message-html.ts'

type Body = OutputOf<typeof mail.calls.showMessageBody>

/** A draft has room for a million characters of HTML. */
const longestHtml = 600_000
const longestText = 200_000

export function quoteOf(message: Message, body: Body, kind: AnswerKind, words: Words): string {
  const isLong = (body.html?.length ?? 0) > longestHtml
  const content =
    body.html !== null && !isLong ? safe(body.html) : paragraphsOf((body.text ?? '').slice(0, longestText))
  return kind === 'forward'
    ? quoted(headOf(message, words), content, false)
    : quoted([lineOf(message, words)], content, true)
}

function lineOf(message: Message, { t, dateTime }: Words): string {
  return t('compose.wrote', { date: dateTime(timeOf(message)), name: namesOf(message.from, true) })
}

function headOf(message: Message, { t, dateTime }: Words): string[] {
  const { from, to, cc, subject } = message
  const lines = [
    `---------- ${t('compose.forwarded')} ----------`,
    `${t('compose.from')}: ${namesOf(from)}`,
    `${t('compose.date')}: ${dateTime(timeOf(message))}`,
    `${t('compose.subject')}: ${subject}`,
    `${t('compose.to')}: ${namesOf(to)}`,
  ]
  return cc.length > 0 ? [...lines, `${t('compose.cc')}: ${namesOf(cc)}`] : lines
}

function namesOf(people: readonly MailAddress[], isShort = false): string {
  return people
    .map(({ name, address }) => (name === '' ? address : isShort ? name : `${name} <${address}>`))
    .join(', ')
}

function timeOf({ sentAt, receivedAt }: Message): string {
  return sentAt ?? receivedAt
}
