/** What a search asks for, as conditions of SQL. */
import { sql, type RawBuilder } from 'kysely'
import { labelKey, nodesOf, notArchived, type Mark, type Place, type SearchNode } from '../search/ast.ts'
import type { SearchedAccount } from './search.ts'

/** All of them are to be true. */
export function conjunctsOf(node: SearchNode): SearchNode[] {
  return node.kind === 'and' ? node.nodes.flatMap(conjunctsOf) : [node]
}

export function needsWords(node: SearchNode): boolean {
  return nodesOf(node).some(({ kind }) => kind === 'words')
}

/** As Postgres reads it; undefined where something else than words is asked for. */
export function tsqueryOf(node: SearchNode): string | undefined {
  return writeQuery(node, ' <-> ')
}

/** The same without the order of words, which the index does not know: what fits it has all words of the phrases. */
export function looseQueryOf(node: SearchNode): string | undefined {
  if (node.kind !== 'and') return writeQuery(node, ' & ', true)
  const parts = node.nodes.flatMap((each) => looseQueryOf(each) ?? [])
  return parts.length === 0 ? undefined : `(${parts.join(' & ')})`
}

export function hasPhrase(node: SearchNode): boolean {
  return nodesOf(node).some((each) => each.kind === 'words' && each.words.length > 1)
}

function writeQuery(node: SearchNode, between: string, isLoose = false): string | undefined {
  if (node.kind === 'words') {
    const last = node.words.length - 1
    // Words are letters, marks, digits and `:.@-_+`: nothing that a quoted lexeme had to escape.
    const words = node.words.map((word, index) => `'${word}'${node.isPrefix && index === last ? ':*' : ''}`)
    return `(${words.join(between)})`
  }
  if (node.kind === 'not') {
    const negated = isLoose && hasPhrase(node) ? undefined : writeQuery(node.node, between, isLoose)
    return negated && `!${negated}`
  }
  if ((node.kind !== 'and' && node.kind !== 'or') || node.nodes.length === 0) return undefined
  const parts = node.nodes.map((each) => writeQuery(each, between, isLoose))
  return parts.includes(undefined) ? undefined : `(${parts.join(node.kind === 'and' ? ' & ' : ' | ')})`
}

/** Only messages fit that have some word: the index knows them. */
export function isAnchored(node: SearchNode): boolean {
  if (node.kind === 'words') return true
  if (node.kind === 'and') return node.nodes.some(isAnchored)
  return node.kind === 'or' && node.nodes.length > 0 && node.nodes.every(isAnchored)
}

/** Of the message `m` or `n`, whose words are at hand as `m_words.words`. */
export function conditionOf(
  node: SearchNode,
  account: SearchedAccount,
  table: 'm' | 'n',
): RawBuilder<unknown> {
  const tsquery = tsqueryOf(node)
  if (tsquery !== undefined)
    return sql`coalesce(${sql.ref(`${table}_words.words`)} @@ ${tsquery}::tsquery, false)`
  const column = (name: string) => sql.ref(`${table}.${name}`)
  switch (node.kind) {
    case 'and':
    case 'or':
      return joined(node.kind, node.nodes, account, table)
    case 'not':
      return sql`not ${conditionOf(node.node, account, table)}`
    case 'size':
      return within(column('size_bytes'), node.from, node.below)
    case 'time':
      return within(column('received_at'), isoTimeOf(node.from), isoTimeOf(node.before))
    case 'mark':
      return markOf(node.mark, column)
    case 'category':
      return sql`${column('category')} = ${node.category}`
    case 'mailbox':
      if (node.place === 'anywhere') return sql`true`
      if (node.place === 'archive') return sql`not ${isInAny(idsOfRoles(account, notArchived), column)}`
      return isInAny(idsOfRoles(account, [node.place]), column)
    case 'label':
    case 'labelled':
      return isInAny(mailboxIdsOf(node, account) ?? [], column)
    default:
      return sql`true`
  }
}

/** Mailboxes in one of which a message is, if it fits and that is what is asked for. */
export function mailboxIdsOf(node: SearchNode, account: SearchedAccount): string[] | undefined {
  if (node.kind === 'mailbox')
    return node.place === 'anywhere' || node.place === 'archive'
      ? undefined
      : idsOfRoles(account, [node.place])
  const labels = () => account.mailboxes.filter(({ role }) => role === null)
  if (node.kind === 'labelled') return labels().map(({ id }) => id)
  if (node.kind !== 'label') return undefined
  return labels()
    .filter(
      (label) => labelKey(pathOf(label, account.mailboxes)) === node.key || labelKey(label.name) === node.key,
    )
    .map(({ id }) => id)
}

type Label = SearchedAccount['mailboxes'][number]

/** With the names of the labels above, `Work/Big deals`. */
export function pathOf(label: Label, all: readonly Label[]): string {
  const names = [label.name]
  let above = all.find(({ id }) => id === label.parentId)
  for (; above && names.length < 50; above = all.find(({ id }) => id === above?.parentId))
    names.unshift(above.name)
  return names.join('/')
}

/** Conditions of words become one, so that the words are looked through once. */
function joined(
  kind: 'and' | 'or',
  nodes: readonly SearchNode[],
  account: SearchedAccount,
  table: 'm' | 'n',
): RawBuilder<unknown> {
  const ofWords = nodes.filter((each) => tsqueryOf(each) !== undefined)
  const others = nodes.filter((each) => !ofWords.includes(each))
  const conditions = [...others, ...(ofWords.length > 0 ? [{ kind, nodes: ofWords }] : [])].map((each) =>
    conditionOf(each, account, table),
  )
  if (conditions.length === 0) return kind === 'and' ? sql`true` : sql`false`
  return sql`(${sql.join(conditions, kind === 'and' ? sql` and ` : sql` or `)})`
}

function markOf(mark: Mark, column: (name: string) => RawBuilder<unknown>): RawBuilder<unknown> {
  switch (mark) {
    case 'unread':
      return sql`not ${column('is_seen')}`
    case 'read':
      return column('is_seen')
    case 'starred':
      return column('is_flagged')
    case 'answered':
      return column('is_answered')
    case 'own':
      return column('is_own')
    case 'muted':
      return sql`(select is_muted from threads where threads.id = ${column('thread_id')})`
    case 'important':
      return sql`exists (select from unnest(${column('keywords')}) word where lower(word) = '$important')`
  }
}

function within(
  column: RawBuilder<unknown>,
  from: string | number | undefined,
  below: string | number | undefined,
): RawBuilder<unknown> {
  const bounds = [
    ...(from === undefined ? [] : [sql`${column} >= ${from}`]),
    ...(below === undefined ? [] : [sql`${column} < ${below}`]),
  ]
  return bounds.length === 0 ? sql`true` : sql`(${sql.join(bounds, sql` and `)})`
}

function isoTimeOf(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString()
}

function isInAny(
  mailboxIds: readonly string[],
  column: (name: string) => RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`exists (
    select from mailbox_messages
    where mailbox_messages.message_id = ${column('id')} and mailbox_id = any (${[...mailboxIds]}::uuid[])
  )`
}

function idsOfRoles(account: SearchedAccount, roles: readonly Place[]): string[] {
  return account.mailboxes.filter(({ role }) => role !== null && roles.includes(role)).map(({ id }) => id)
}
