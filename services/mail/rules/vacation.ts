/** Who hears that a person is away, and what (RFC 3834). */
import type { Vacation } from '#contracts/mail/settings.ts'
import type { HeaderField, MailAddress, ParsedMessage } from '../mime/message.ts'

export interface VacationFacts {
  vacation: Vacation
  message: ParsedMessage
  /** Envelope sender; empty for the null sender. */
  sender: string
  /** The person's own addresses, in lower case, the main one first. */
  ownAddresses: readonly string[]
  isSpam: boolean
  now: Date
}

export interface VacationAnswer {
  /** From the address that was written to. */
  from: string
  to: string
  subject: string
  text: string
  inReplyTo: string[]
  references: string[]
  headers: { name: string; value: string }[]
}

const mostReferences = 20

/** Undefined: nothing is answered. Its envelope sender is the null sender (RFC 3834 §3.3). */
export function vacationAnswer(facts: VacationFacts): VacationAnswer | undefined {
  const { vacation, message, sender, isSpam, now } = facts
  if (isSpam || !isAway(vacation, now)) return undefined
  const from = addressee(facts)
  if (from === undefined || !mayBeAnswered(sender, facts) || isAutomatic(message)) return undefined
  const { subject } = message.envelope
  const id = message.messageId === undefined ? [] : [message.messageId]
  return {
    from,
    to: sender,
    // RFC 3834 §3.1.5
    subject: vacation.subject.trim() || `Auto: ${subject}`,
    text: vacation.text,
    inReplyTo: id,
    references: [...message.references.slice(-mostReferences), ...id],
    headers: [{ name: 'Auto-Submitted', value: 'auto-replied' }],
  }
}

function isAway({ isOn, from, until }: Vacation, now: Date): boolean {
  return isOn && (from === null || new Date(from) <= now) && (until === null || now < new Date(until))
}

/** RFC 3834 §2: only where the person is named as one who gets it. */
function addressee({ message, ownAddresses }: VacationFacts): string | undefined {
  const { to, cc, bcc } = message.envelope
  const named = new Set([...to, ...cc, ...bcc].map(plainAddress))
  return ownAddresses.find((address) => named.has(address))
}

/** Without what follows `+` in its local part. */
function plainAddress({ address }: Pick<MailAddress, 'address'>): string {
  const lower = address.toLowerCase()
  const at = lower.lastIndexOf('@')
  return `${lower.slice(0, Math.max(0, at)).split('+', 1)[0]}${lower.slice(at)}`
}

/** RFC 3834 §2 and RFC 5230 §4.6: programs that would answer in their turn, or nobody. */
const machines =
  /^(?:(?:no|do[._-]?not|never)[._-]?reply|mailer-daemon|postmaster|majordomo|listserv|mailman|bounces?|owner-.*|.*-(?:request|owner|bounces?)|bounces?[+=-].*)(?:[+=._-].*)?$/

function mayBeAnswered(sender: string, { ownAddresses }: VacationFacts): boolean {
  const plain = plainAddress({ address: sender })
  const local = sender
    .slice(0, Math.max(0, sender.lastIndexOf('@')))
    .toLowerCase()
    .slice(0, 320)
  return local !== '' && !ownAddresses.includes(plain) && !machines.test(local) && !local.startsWith('srs0=')
}

const ofLists = new Set([
  'list-id',
  'list-post',
  'list-unsubscribe',
  'list-subscribe',
  'list-help',
  'list-owner',
  'list-archive',
  'mailing-list',
  'feedback-id',
  'x-autoreply',
  'x-autorespond',
  'x-auto-response-suppress',
])

function isAutomatic({ headers }: ParsedMessage): boolean {
  return headers.some(saysItIsAutomatic)
}

function saysItIsAutomatic({ name, value }: HeaderField): boolean {
  if (ofLists.has(name)) return true
  const first = value.split(/[;\s]/, 1)[0]!.toLowerCase()
  if (name === 'auto-submitted') return first !== 'no'
  if (name === 'precedence') return ['bulk', 'list', 'junk', 'auto_reply'].includes(first)
  // Reports of delivery and of reading (RFC 6522).
  if (name === 'content-type') return first === 'multipart/report'
  return name === 'return-path' && value.trim() === '<>'
}
