/** How the message is made. */
import { firstHeader, type Evidence } from '../evidence.ts'
import { countCharacters } from '../characters.ts'
import { quote, when, type Rule } from './rule.ts'

const dayMs = 86_400_000

export const headerRules: Rule[] = [
  {
    code: 'dateMissing',
    weight: 0.8,
    kind: 'header',
    find: (evidence) => when(firstHeader(evidence, 'date') === ''),
  },
  { code: 'dateFarOff', weight: 1, kind: 'header', find: findDateFarOff },
  {
    code: 'messageIdMissing',
    weight: 0.8,
    kind: 'header',
    find: (evidence) => when(firstHeader(evidence, 'message-id') === ''),
  },
  { code: 'messageIdOdd', weight: 0.8, kind: 'header', find: findMessageIdOdd },
  { code: 'subjectMissing', weight: 0.5, kind: 'header', find: ({ subject }) => when(subject.trim() === '') },
  { code: 'subjectShouts', weight: 1, kind: 'header', find: findShouting },
  {
    code: 'subjectMarks',
    weight: 0.8,
    kind: 'header',
    find: ({ subject }) =>
      when(/[!?]{3}|\${2}|!.{1,60}!/.test(subject.slice(0, 200)), { subject: quote(subject) }),
  },
  {
    code: 'subjectDisguised',
    weight: 1.8,
    kind: 'header',
    find: ({ subject }) => when(isDisguised(subject), { subject: quote(subject) }),
  },
  {
    code: 'replyToNothing',
    weight: 0.4,
    kind: 'header',
    find: ({ subject, message, facts }) =>
      when(
        /^re\s?:/i.test(subject) &&
          message.inReplyTo.length === 0 &&
          message.references.length === 0 &&
          !facts.answersOurs,
      ),
  },
  {
    code: 'recipientsHidden',
    weight: 0.7,
    kind: 'header',
    find: ({ message: { envelope }, isBulk }) =>
      when(!isBulk && envelope.to.every(({ address }) => address === '') && envelope.cc.length === 0),
  },
  {
    code: 'recipientsMany',
    weight: 0.5,
    kind: 'header',
    find: ({ message: { envelope } }) =>
      when(envelope.to.length + envelope.cc.length > 25, {
        count: String(envelope.to.length + envelope.cc.length),
      }),
  },
  { code: 'recipientInSubject', weight: 0.8, kind: 'header', find: findRecipientInSubject },
  {
    code: 'headersRepeated',
    weight: 1,
    kind: 'header',
    find: ({ message: { oddities } }) =>
      when(oddities.includes('severalHeaders') || oddities.includes('badHeader')),
  },
  {
    code: 'encodingBroken',
    weight: 0.6,
    kind: 'header',
    find: ({ message: { oddities } }) =>
      when(
        oddities.some((oddity) =>
          ['badEncoding', 'unknownCharset', 'missingBoundary', 'nul'].includes(oddity),
        ),
      ),
  },
  { code: 'textInBase64', weight: 0.8, kind: 'header', find: findTextInBase64 },
  {
    code: 'urgentMark',
    weight: 0.5,
    kind: 'header',
    find: (evidence) =>
      when(/^[12]\b/.test(firstHeader(evidence, 'x-priority')) && !evidence.isAuthenticated),
  },
]

function findDateFarOff({ message: { sentAt }, facts, headers }: Evidence) {
  const stamp = headers.get('received')?.[0]
  const written =
    stamp === undefined ? Number.NaN : Date.parse(stamp.slice(stamp.lastIndexOf(';') + 1).slice(0, 60))
  const receivedMs = facts.receivedAt?.getTime() ?? written
  if (sentAt === undefined || Number.isNaN(receivedMs)) return undefined
  const ahead = sentAt.getTime() - receivedMs
  return when(ahead > dayMs || ahead < -15 * dayMs, { date: sentAt.toISOString().slice(0, 10) })
}

function findMessageIdOdd(evidence: Evidence) {
  const id = firstHeader(evidence, 'message-id')
  if (id === '') return undefined
  const at = id.lastIndexOf('@')
  const host = id.slice(at + 1).replace(/>\s{0,3}$/, '')
  return when(at < 0 || host === '' || !id.startsWith('<') || /^\[?[\d.]{1,40}\]?$/.test(host), {
    id: quote(id),
  })
}

function findShouting({ subject }: Evidence) {
  const { letters, capitals } = countCharacters(subject, 500)
  return when(letters > 9 && capitals / letters > 0.75, { subject: quote(subject) })
}

/** `V1AGRA`, `v.i.a.g.r.a`, Latin and Cyrillic in one word, characters that can't be seen. */
function isDisguised(subject: string): boolean {
  const head = subject.slice(0, 200)
  if (/[\u200b\u2060\u00ad\ufeff]/.test(head)) return true
  if (/\b(?:[a-z][.\-_*]){4}[a-z]\b/i.test(head)) return true
  return head
    .split(/\s/)
    .some((word) => mixesAlphabets(word) || /^[a-z]{1,20}[@$€!|][a-z]{2,20}$/i.test(word))
}

export function mixesAlphabets(word: string): boolean {
  return /[a-z]/i.test(word) && /[\u0370-\u03ff\u0400-\u04ff]/.test(word) && !/[-/_]/.test(word)
}

function findRecipientInSubject({ subject, message }: Evidence) {
  const local = message.envelope.to[0]?.address.split('@')[0]?.toLowerCase() ?? ''
  const isNamed = local.length > 4 && ` ${subject.toLowerCase()} `.split(/[\s,:;!]/).includes(local)
  return when(isNamed, { subject: quote(subject) })
}

/** Base64 serves text that 7 bits can't carry; where they can, it hides words from filters. */
function findTextInBase64({ message: { structure }, text }: Evidence) {
  const part = structure.parts?.[0] ?? structure
  if (!part.mediaType.startsWith('text/') || part.encoding !== 'base64' || text.length < 20) return undefined
  for (let at = 0; at < Math.min(text.length, 2000); at++) if (text.charCodeAt(at) > 126) return undefined
  return {}
}
