/** What somebody may want to search for who has typed this far. */
import type { OutputOf } from '#contracts/client.ts'
import { mail } from '#contracts/mail.ts'
import { Category } from '#contracts/mail/messages.ts'
import type { Database } from '#platform/database/database.ts'
import { completeAddress } from '../store/contacts.ts'
import { pathOf } from '../store/search-conditions.ts'
import { recentSubjects, type SearchedAccount } from '../store/search.ts'
import { labelKey, withUsualScope, type SearchNode } from './ast.ts'
import { searchedWords } from './tokens.ts'
import { attachmentKinds } from './words.ts'

type Suggestion = OutputOf<(typeof mail.calls)['suggestSearches']>['items'][number]

const most = { all: 10, people: 4, labels: 3, subjects: 3, operators: 4 }

/** Operators by what people look for first. Those with values take one of them. */
const operators: Record<string, readonly string[] | undefined> = {
  from: undefined,
  to: undefined,
  subject: undefined,
  has: attachmentKinds,
  is: ['unread', 'starred', 'read', 'snoozed', 'muted', 'important', 'answered'],
  in: ['inbox', 'sent', 'drafts', 'spam', 'trash', 'archive', 'snoozed', 'anywhere'],
  label: undefined,
  category: Category.options,
  after: undefined,
  before: undefined,
  newer_than: undefined,
  older_than: undefined,
  larger: undefined,
  smaller: undefined,
  filename: undefined,
  cc: undefined,
  bcc: undefined,
  list: undefined,
}

export async function suggest(db: Database, account: SearchedAccount, text: string): Promise<Suggestion[]> {
  const start = text.search(/\S*$/u)
  const before = text.slice(0, start)
  const word = text.slice(start)
  const colon = word.indexOf(':')
  const name = word.slice(0, Math.max(0, colon)).replace(/^-/, '').toLowerCase()
  const value = word.slice(colon + 1)
  if (colon > 0 && Object.hasOwn(operators, name))
    return valuesOf(db, account, { before: `${before}${word.slice(0, colon + 1)}`, name, value })
  const [people, subjects] = await Promise.all([
    word.length < 2 ? [] : completeAddress(db, account.id, word, most.people),
    text.includes(':') ? [] : subjectsOf(db, account, text),
  ])
  return [
    ...people.map((person) => personOf(person, `${before}from:`)),
    ...labelsOf(account, word, `${before}label:`),
    ...Object.keys(operators)
      .filter((each) => word.length > 0 && each.startsWith(word.toLowerCase()))
      .slice(0, most.operators)
      .map((each): Suggestion => ({ kind: 'operator', text: `${each}:`, query: `${before}${each}:` })),
    ...subjects,
  ].slice(0, most.all)
}

async function valuesOf(
  db: Database,
  account: SearchedAccount,
  { before, name, value }: { before: string; name: string; value: string },
): Promise<Suggestion[]> {
  if (name === 'from' || name === 'to' || name === 'cc' || name === 'bcc') {
    const people = value === '' ? [] : await completeAddress(db, account.id, value, most.all)
    return people.map((person) => personOf(person, before))
  }
  if (name === 'label') return labelsOf(account, value, before, most.all)
  const values = operators[name] ?? []
  return values
    .filter((each) => each.startsWith(value.toLowerCase()))
    .slice(0, most.all)
    .map((each) => ({ kind: 'operator', text: `${name}:${each}`, query: `${before}${each} ` }))
}

function personOf(person: { name: string; address: string }, before: string): Suggestion {
  const text = person.name === '' ? person.address : `${person.name} <${person.address}>`
  return { kind: 'person', text, query: `${before}${person.address} ` }
}

function labelsOf(
  account: SearchedAccount,
  typed: string,
  before: string,
  limit = most.labels,
): Suggestion[] {
  const wanted = labelKey(typed)
  return account.mailboxes
    .filter(({ role }) => role === null)
    .map((label) => pathOf(label, account.mailboxes))
    .filter((path) =>
      typed === '' ? before.endsWith(':') && limit === most.all : labelKey(path).includes(wanted),
    )
    .slice(0, limit)
    .map((path) => ({ kind: 'label', text: path, query: `${before}${labelKey(path)} ` }))
}

/** Of late, with the words typed, the last of which may go on. */
async function subjectsOf(db: Database, account: SearchedAccount, text: string): Promise<Suggestion[]> {
  const words = searchedWords(text, false)
  const last = words.at(-1)
  if (last === undefined || last.length < 2) return []
  const nodes = words.slice(0, 10).map((word): SearchNode => {
    return { kind: 'words', words: [`:subject:${word}`], isPrefix: word === last }
  })
  const found = await recentSubjects(db, account, withUsualScope({ kind: 'and', nodes }), most.subjects)
  return found.map((subject) => ({
    kind: 'subject',
    text: subject,
    query: `subject:"${subject.replaceAll(/["“”„]/g, ' ').slice(0, 200)}"`,
  }))
}
