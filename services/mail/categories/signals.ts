/** What tells the kind of a message. */
import { firstHeader, type Evidence } from '../spam/evidence.ts'
import { hashName, placeOf } from '../spam/grams.ts'
import { freeMail } from '../spam/rules/names.ts'
import type { WordStream } from '../spam/words.ts'
import { countKinds } from './lexicon.ts'

export interface Signal {
  /** Key of its reason; `words` has none of its own. */
  code: string
  place: number
  /** 1, or less where it counts less. */
  value: number
  /** Shown with the reason. */
  word?: string
}

/** Places of the model. */
export const places = 4096
const mostWords = 120
/** Of a mark that anybody may write and that nobody vouches for. */
const unprovedValue = 0.5
/** All words together weigh about as much as a few marks. */
const wordShare = 3

export function readSignals(evidence: Evidence): Signal[] {
  const signals: Signal[] = []
  const add = (code: string, name: string, value = 1) =>
    signals.push({ code, place: place(hashName(name), 1), value })
  addHeaders(add, evidence)
  addSender(add, evidence)
  addShape(add, evidence)
  addKinds(add, evidence)
  const words = [
    ...wordsOf(evidence.subject, evidence.subjectWords, 30, 2),
    ...wordsOf(evidence.text, evidence.words, mostWords, 3),
    ...wordsOf(evidence.from?.name ?? '', undefined, 6, 4),
  ]
  const value = wordShare / Math.sqrt(words.length + 1)
  for (const word of words) signals.push({ ...word, code: 'words', value })
  return signals
}

type Add = (code: string, name: string, value?: number) => void

/** Marks of bulk mail: half as much where the sender isn't proved to be who it says. */
function addHeaders(add: Add, evidence: Evidence): void {
  const { headers, message, facts, isAuthenticated } = evidence
  const value = facts.authentication === undefined || isAuthenticated ? 1 : unprovedValue
  const has = (name: string) => headers.has(name)
  if (has('list-id')) add(has('list-post') ? 'list' : 'listId', has('list-post') ? 'list' : 'list-id', value)
  if (has('list-unsubscribe')) add('unsubscribe', 'unsubscribe', value)
  if (has('list-unsubscribe-post')) add('unsubscribe', 'one-click', value)
  if (has('feedback-id')) add('bulk', 'feedback-id', value)
  if (/^(?:bulk|junk)/i.test(firstHeader(evidence, 'precedence'))) add('bulk', 'bulk', value)
  if (/^list/i.test(firstHeader(evidence, 'precedence'))) add('list', 'precedence-list', value)
  if (/^auto-(?:generated|notified)/i.test(firstHeader(evidence, 'auto-submitted')))
    add('automatic', 'auto', value)
  if (has('x-auto-response-suppress') || has('x-github-reason')) add('automatic', 'auto', value)
  if (message.inReplyTo.length > 0 && !has('list-id')) add('answer', 'answer')
  if (/^\s?\[[\w .:/-]{2,40}\]/.test(evidence.subject.replace(/^(?:re|fwd?):\s?/i, '')))
    add('list', 'tag', value)
  const type = /"@type"\s{0,3}:\s{0,3}"(\w{3,40})"/.exec(message.html.slice(0, 60_000))?.[1]
  if (type !== undefined && transactions.has(type)) add('record', 'record', value)
  if (!['list-id', 'list-unsubscribe', 'feedback-id', 'auto-submitted', 'precedence'].some(has))
    add('person', 'no-marks')
}

/** Types of schema.org that mail about a purchase, a journey or a bill carries. */
const transactions = new Set([
  'Order',
  'ParcelDelivery',
  'Invoice',
  'FlightReservation',
  'LodgingReservation',
  'EventReservation',
  'TrainReservation',
  'BusReservation',
  'RentalCarReservation',
  'FoodEstablishmentReservation',
  'Event',
  'ConfirmAction',
  'ViewAction',
])

function addSender(add: Add, { from, fromDomain, message }: Evidence): void {
  const local = (from?.address ?? '')
    .slice(0, Math.max(0, (from?.address ?? '').lastIndexOf('@')))
    .toLowerCase()
  for (const [kind, pattern] of senderKinds)
    if (pattern.test(local)) add(`sender${capitalised(kind)}`, `sender-${kind}`)
  if (freeMail.has(fromDomain)) add('person', 'free-mail')
  if (/^\p{Lu}\p{L}{1,20} \p{Lu}\p{L}{1,20}$/u.test(from?.name.slice(0, 50) ?? '')) add('person', 'full-name')
  const firstLabel = fromDomain.split('.')[0] ?? ''
  if (
    fromDomain.split('.').length > 2 &&
    /^(?:e?mail|news|e|em|m|mg|marketing|promo|offers|notify|mailer)$/.test(firstLabel)
  )
    add('bulk', 'mail-host')
  const reply = message.envelope.replyTo[0]?.address
  if (reply !== undefined && reply !== from?.address) add('bulk', 'reply-elsewhere')
}

const senderKinds: [string, RegExp][] = [
  [
    'machine',
    /^(?:no-?_?reply|do-?not-?reply|mailer-daemon|postmaster|root|cron|noreply.{0,20}|bounce.{0,20})/,
  ],
  [
    'notices',
    /^(?:alert|notif|notify|update|info|support|security|account|service|system|admin|ci|builds?|tracking|status|reminder|calendar)/,
  ],
  [
    'bills',
    /^(?:billing|invoice|receipt|order|booking|reservation|payment|statement|ticket|ebill|bill|returns?|tickets)/,
  ],
  [
    'news',
    /^(?:news|newsletter|offer|promo|deal|marketing|hello|hi|team|shop|sale|club|bonus|weekly|daily|digest|briefing|events?|campaign|books|inspiration|appeal)/,
  ],
]

function addShape(add: Add, { html, links, text, message, subject }: Evidence): void {
  add('shape', `links:${Math.round(Math.log2(1 + links.length))}`)
  add('shape', `images:${Math.min(3, html.images.length)}`)
  add('shape', `length:${Math.round(Math.log2(1 + text.length))}`)
  if (message.html === '') add('person', 'plain')
  if (/\n\s{0,4}>/.test(text)) add('answer', 'quoted')
  if (/[%％]|৳|\$\d|€|£/.test(subject)) add('offer', 'money-in-subject')
  if (/\b(?:unsubscribe|opt out|manage preferences)\b|আনসাবস্ক্রাইব/i.test(text.slice(-3000)))
    add('unsubscribe', 'unsubscribe-in-text')
  if (message.attachments.some(({ isInline }) => !isInline)) add('attached', 'attached')
}

/** In the subject a word says more than in the text. */
function addKinds(add: Add, { subject, subjectWords, words }: Evidence): void {
  for (const [kind, count] of countKinds(subjectWords, 30))
    add(`about${capitalised(kind)}`, `subject-${kind}`, Math.min(1.5, count * 0.75))
  for (const [kind, count] of countKinds(words, 250))
    add(`about${capitalised(kind)}`, `text-${kind}`, Math.min(1.5, count / 4))
  if (/^\p{Lu}\p{L}{1,20} \p{Lu}\p{L}{1,20} \p{Ll}/u.test(subject.slice(0, 60)))
    add('aboutPeople', 'subject-person')
}

function capitalised(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1)
}

function* wordsOf(text: string, given: WordStream | undefined, most: number, seed: number) {
  if (given === undefined) {
    for (const word of text
      .toLowerCase()
      .split(/[^\p{L}\p{M}]+/u)
      .slice(0, most))
      if (word.length > 1) yield { place: place(hashName(word), seed), word }
    return
  }
  const seen = new Set<number>()
  for (let at = 0; at < Math.min(given.count, most); at++) {
    const hash = given.hashes[at]!
    if (given.ends[at]! - given.starts[at]! < 3 || seen.has(hash)) continue
    seen.add(hash)
    yield { place: place(hash, seed), word: text.slice(given.starts[at], given.ends[at]).toLowerCase() }
  }
}

function place(hash: number, seed: number): number {
  return placeOf(hash, Math.imul(seed, 0x7feb352d)) & (places - 1)
}
