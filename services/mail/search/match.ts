/** Whether a search takes a message that is in memory: as a filter does when it comes in. */
import type { Category } from '#contracts/mail/messages.ts'
import type { MailboxRole } from '#contracts/mail/mailboxes.ts'
import { notArchived, type Mark, type Place, type SearchNode } from './ast.ts'
import { textsOf, wordsOf, type Words } from './words.ts'
import type { ParsedMessage } from '../mime/message.ts'

/** What can be asked of a message. */
export interface Searched {
  words: Words
  sizeBytes: number
  receivedAt: Date
  category: Category
  isSeen: boolean
  isFlagged: boolean
  isAnswered: boolean
  isOwn: boolean
  isMuted: boolean
  keywords: readonly string[]
  roles: readonly MailboxRole[]
  /** As `labelKey` writes them. */
  labels: readonly string[]
}

/** Of a message that has just come. */
export function arriving(
  parsed: ParsedMessage,
  facts: Partial<Omit<Searched, 'words'>> & { sizeBytes: number; receivedAt: Date },
): Searched {
  let words: Words | undefined
  return {
    category: 'primary',
    isSeen: false,
    isFlagged: false,
    isAnswered: false,
    isOwn: false,
    isMuted: false,
    keywords: [],
    roles: ['inbox', 'all'],
    labels: [],
    ...facts,
    get words() {
      return (words ??= wordsOf(textsOf(parsed)))
    },
  }
}

export function matches(node: SearchNode, message: Searched): boolean {
  switch (node.kind) {
    case 'everything':
      return true
    case 'and':
      return node.nodes.every((each) => matches(each, message))
    case 'or':
      return node.nodes.some((each) => matches(each, message))
    case 'not':
      return !matches(node.node, message)
    case 'words':
      return hasWords(message.words, node.words, node.isPrefix)
    case 'size':
      return message.sizeBytes >= (node.from ?? 0) && message.sizeBytes < (node.below ?? Infinity)
    case 'time': {
      const time = message.receivedAt.getTime()
      return time >= (node.from ?? -Infinity) && time < (node.before ?? Infinity)
    }
    case 'mark':
      return hasMark(message, node.mark)
    case 'mailbox':
      return isIn(message, node.place)
    case 'label':
      return message.labels.includes(node.key)
    case 'labelled':
      return message.labels.length > 0
    case 'category':
      return message.category === node.category
  }
}

function hasMark(message: Searched, mark: Mark): boolean {
  if (mark === 'important') return message.keywords.some((word) => word.toLowerCase() === '$important')
  return {
    unread: !message.isSeen,
    read: message.isSeen,
    starred: message.isFlagged,
    answered: message.isAnswered,
    own: message.isOwn,
    muted: message.isMuted,
  }[mark]
}

function isIn({ roles }: Searched, place: Place): boolean {
  if (place === 'anywhere') return true
  return place === 'archive' ? !notArchived.some((role) => roles.includes(role)) : roles.includes(place)
}

function hasWords(words: Words, wanted: readonly string[], isPrefix: boolean): boolean {
  const last = wanted.length - 1
  if (last === 0 && !isPrefix) return words.has(wanted[0]!)
  if (last === 0) return beginningWith(words, wanted[0]!).length > 0
  const first = words.get(wanted[0]!) ?? []
  const rest = wanted.slice(1).map((word, index) => {
    const lists = isPrefix && index + 1 === last ? beginningWith(words, word) : [words.get(word) ?? []]
    return new Set(lists.flat())
  })
  return first.some((place) => rest.every((places, index) => places.has(place + index + 1)))
}

function beginningWith(words: Words, prefix: string): (readonly number[])[] {
  return [...words].flatMap(([word, places]) => (word.startsWith(prefix) ? [places] : []))
}
