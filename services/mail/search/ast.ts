/** What a search asks for, once it is understood. */
import type { Category } from '#contracts/mail/messages.ts'
import type { MailboxRole } from '#contracts/mail/mailboxes.ts'

export type SearchNode =
  | { kind: 'and' | 'or'; nodes: readonly SearchNode[] }
  | { kind: 'not'; node: SearchNode }
  /** Words as the index has them, one behind another; `isPrefix`: the last may go on. */
  | { kind: 'words'; words: readonly string[]; isPrefix: boolean }
  /** At least and less than, in bytes. */
  | { kind: 'size'; from?: number; below?: number }
  /** When it came: milliseconds since the epoch, at least and before. */
  | { kind: 'time'; from?: number; before?: number }
  | { kind: 'mark'; mark: Mark }
  | { kind: 'mailbox'; place: Place }
  /** As `labelKey` writes it. */
  | { kind: 'label'; key: string }
  /** In any label of the person's. */
  | { kind: 'labelled' }
  | { kind: 'category'; category: Category }
  | { kind: 'everything' }

export type Mark = 'unread' | 'read' | 'starred' | 'answered' | 'own' | 'muted' | 'important'

/** `archive`: in none of inbox, sent, drafts, junk, trash, snoozed, scheduled. `anywhere`: in junk and trash too. */
export type Place = MailboxRole | 'archive' | 'anywhere'

export const notArchived: readonly MailboxRole[] = [
  'inbox',
  'sent',
  'drafts',
  'junk',
  'trash',
  'snoozed',
  'scheduled',
]

export const nothing: SearchNode = { kind: 'or', nodes: [] }

/** Junk and trash are left out, unless it is there that somebody looks. */
export function withUsualScope(node: SearchNode): SearchNode {
  const named = new Set<Place>()
  for (const each of nodesOf(node, false)) if (each.kind === 'mailbox') named.add(each.place)
  if (named.has('anywhere')) return node
  const aside = (['junk', 'trash'] as const).filter((place) => !named.has(place))
  const nots = aside.map((place): SearchNode => ({ kind: 'not', node: { kind: 'mailbox', place } }))
  return nots.length === 0 ? node : { kind: 'and', nodes: [node, ...nots] }
}

/** Of a label with those above it, `work/big-deals` as well as `Work/Big deals`. */
export function labelKey(path: string): string {
  return path
    .normalize('NFKC')
    .toLowerCase()
    .trim()
    .replaceAll(/[\s/()&"{}|]+/gu, '-')
}

/** All nodes, those under a `not` only where asked for. */
export function* nodesOf(node: SearchNode, withNegated = true): Generator<SearchNode> {
  yield node
  if (node.kind === 'and' || node.kind === 'or')
    for (const each of node.nodes) yield* nodesOf(each, withNegated)
  else if (node.kind === 'not' && withNegated) yield* nodesOf(node.node, withNegated)
}
