/** What each operator of a search takes, and what it means. */
import { Category } from '#contracts/mail/messages.ts'
import { labelKey, type Mark, type Place, type SearchNode } from './ast.ts'
import { dayRange, timeBefore } from './dates.ts'
import { SearchError } from './search-error.ts'
import { searchedWords } from './tokens.ts'
import { attachmentKinds, messageIdWord, type WordField } from './words.ts'

export interface Reading {
  now: Date
  timeZone: string
  own: readonly string[]
}

/** Undefined: it says nothing that could be searched for. Throws a `SearchError` at `start`. */
type Operand = (value: string, reading: Reading, start: number) => SearchNode | undefined

const places: Record<string, Place> = {
  inbox: 'inbox',
  sent: 'sent',
  draft: 'drafts',
  drafts: 'drafts',
  trash: 'trash',
  bin: 'trash',
  spam: 'junk',
  junk: 'junk',
  snoozed: 'snoozed',
  scheduled: 'scheduled',
  archive: 'archive',
}

const marks: Record<string, Mark> = {
  unread: 'unread',
  read: 'read',
  starred: 'starred',
  flagged: 'starred',
  answered: 'answered',
  replied: 'answered',
  muted: 'muted',
  important: 'important',
}

export const operators = {
  from: addressed('from'),
  // Whoever gets a message, in whatever way, has it sent to.
  to: addressed('to', 'cc', 'bcc'),
  cc: addressed('cc'),
  bcc: addressed('bcc'),
  deliveredto: addressed('to', 'cc', 'bcc'),
  list: addressed('list'),
  subject: (value) => wordsNode(value, 'subject'),
  filename: (value) => wordsNode(value, 'file'),
  has: readHas,
  larger: (value, _reading, start) => ({ kind: 'size', from: readSize(value, start) + 1 }),
  size: (value, _reading, start) => ({ kind: 'size', from: readSize(value, start) }),
  smaller: (value, _reading, start) => ({ kind: 'size', below: readSize(value, start) }),
  before: day('before'),
  older: day('before'),
  after: day('from'),
  newer: day('from'),
  older_than: age('before'),
  newer_than: age('from'),
  label: (value, _reading, start) => readLabel(value, start),
  category: (value, _reading, start) => readCategory(value, start),
  in: readIn,
  is: (value, _reading, start) => readIs(value, start),
  rfc822msgid: (value) => ({
    kind: 'words',
    words: [messageIdWord(value.replaceAll(/^<|>$/g, ''))],
    isPrefix: false,
  }),
} satisfies Record<string, Operand>

/** A shorter beginning is that of too many words. */
const shortestPrefix = 2

/**
 * Of a text, or of a field; several words stand one behind another, as in a phrase. The last one may go on where a `*`
 * stands behind it, or the text does.
 */
export function wordsNode(value: string, field?: WordField, mayGoOn = false): SearchNode | undefined {
  const isAddress = field !== undefined && field !== 'subject' && field !== 'file'
  const found = searchedWords(value, isAddress)
  const last = found.at(-1)
  if (last === undefined) return undefined
  const goesOn = mayGoOn ? /[\p{L}\p{M}\p{N}]$/u : /[\p{L}\p{M}\p{N}]\*$/u
  return {
    kind: 'words',
    words: field === undefined ? found : found.map((word) => `:${field}:${word}`),
    isPrefix: last.length >= shortestPrefix && goesOn.test(value),
  }
}

function addressed(...fields: WordField[]): Operand {
  return (value, { own }) => {
    const values = value.toLowerCase() === 'me' && own.length > 0 ? own : [value]
    const nodes = values.flatMap((each) => fields.flatMap((field) => wordsNode(each, field) ?? []))
    return nodes.length > 1 ? { kind: 'or', nodes } : nodes[0]
  }
}

function readHas(value: string, _reading: Reading, start: number): SearchNode {
  const wanted = value.toLowerCase()
  const kind = attachmentKinds.find((each) => wanted === each || wanted === `${each}s`)
  if (kind) return { kind: 'words', words: [`:has:${kind}`], isPrefix: false }
  if (wanted === 'userlabels') return { kind: 'labelled' }
  if (wanted === 'nouserlabels') return { kind: 'not', node: { kind: 'labelled' } }
  if (wanted === 'star' || wanted === 'yellow-star') return { kind: 'mark', mark: 'starred' }
  throw new SearchError(`has: takes ${attachmentKinds.join(', ')}.`, start)
}

/** `10M`, `500kb`, `20000`: in bytes. */
function readSize(value: string, start: number): number {
  const [, digits, unit = ''] = /^(\d{1,12})\s*([kmg]?)i?b?$/i.exec(value) ?? []
  if (digits === undefined) throw new SearchError('A size is written such as 10M, 500K or 20000.', start)
  const bytes = Number(digits) * 1024 ** ['', 'k', 'm', 'g'].indexOf(unit.toLowerCase())
  return Math.min(bytes, 2 ** 50)
}

function day(bound: 'from' | 'before'): Operand {
  return (value, { timeZone }, start) => {
    const range = dayRange(value, timeZone)
    if (!range) throw new SearchError('A date is written such as 2026/01/31 or 2026-01-31.', start)
    return { kind: 'time', [bound]: range.from }
  }
}

function age(bound: 'from' | 'before'): Operand {
  return (value, { now }, start) => {
    const time = timeBefore(value, now)
    if (time === undefined)
      throw new SearchError('An age is written such as 5h, 3d, 2w, 1m (month) or 1y.', start)
    return { kind: 'time', [bound]: time }
  }
}

function readLabel(value: string, start: number): SearchNode {
  const key = labelKey(value)
  if (key === '') throw new SearchError('label: takes the name of a label.', start)
  const place = places[key]
  if (place !== undefined) return { kind: 'mailbox', place }
  const mark = marks[key]
  return mark === undefined ? { kind: 'label', key } : { kind: 'mark', mark }
}

function readCategory(value: string, start: number): SearchNode {
  const { success, data } = Category.safeParse(value.toLowerCase())
  if (!success) throw new SearchError(`category: takes ${Category.options.join(', ')}.`, start)
  return { kind: 'category', category: data }
}

function readIn(value: string, _reading: Reading, start: number): SearchNode {
  const wanted = value.toLowerCase()
  if (wanted === 'anywhere' || wanted === 'all') return { kind: 'mailbox', place: wanted }
  return readLabel(value, start)
}

function readIs(value: string, start: number): SearchNode {
  const wanted = value.toLowerCase()
  const mark = marks[wanted]
  if (mark !== undefined) return { kind: 'mark', mark }
  const place = places[wanted]
  if (place !== undefined) return { kind: 'mailbox', place }
  throw new SearchError('is: takes unread, read, starred, answered, snoozed, muted or important.', start)
}
