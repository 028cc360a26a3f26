import type { Category } from '#contracts/mail/messages.ts'
import type { RoleMailboxes } from '../store/accounts.ts'
import type { KnownState, MessageState } from '../store/changes.ts'

export interface Change {
  moveTo?: 'inbox' | 'archive' | 'junk' | 'trash' | undefined
  addLabels?: readonly string[]
  removeLabels?: readonly string[]
  isSeen?: boolean | undefined
  isFlagged?: boolean | undefined
  category?: Category | undefined
  /** Into the mailbox of snoozed conversations, or out of it. */
  isSnoozed?: boolean | undefined
}

/** How a message is after a change. It is in `all` unless it is in junk or trash, where it has no labels. */
export function targetOf(state: KnownState, change: Change, mailboxes: RoleMailboxes): MessageState {
  const { isOwn: _isOwn, senderAddress: _senderAddress, ...kept } = state
  return {
    ...kept,
    isSeen: change.isSeen ?? state.isSeen,
    isFlagged: change.isFlagged ?? state.isFlagged,
    category: change.category ?? state.category,
    mailboxIds: [...placesOf(state, change, mailboxes)],
  }
}

function placesOf(state: KnownState, change: Change, mailboxes: RoleMailboxes): Set<string> {
  const { inbox, all, junk, trash, sent, snoozed, drafts, scheduled } = mailboxes
  const places = new Set(state.mailboxIds)
  // What waits to be sent or written is not moved with its conversation.
  if (places.has(drafts) || places.has(scheduled)) return places
  const isAside = places.has(junk) || places.has(trash)
  switch (change.moveTo) {
    case 'junk':
      // What the person wrote stays where it is when a conversation is called spam.
      return state.isOwn && !places.has(inbox) ? places : new Set([junk])
    case 'trash':
      return new Set([trash])
    case 'archive':
      for (const id of [inbox, snoozed, junk, trash]) places.delete(id)
      places.add(all)
      if (isAside && state.isOwn) places.add(sent)
      break
    case 'inbox':
      for (const id of [junk, trash, snoozed]) places.delete(id)
      places.add(state.isOwn ? sent : inbox).add(all)
  }
  if (change.isSnoozed === true && !isAside && !state.isOwn) {
    places.delete(inbox)
    places.add(snoozed)
  } else if (change.isSnoozed === false && places.delete(snoozed)) places.add(inbox)
  const isAsideNow = places.has(junk) || places.has(trash)
  if (!isAsideNow) for (const id of change.addLabels ?? []) places.add(id)
  for (const id of change.removeLabels ?? []) places.delete(id)
  return places
}
