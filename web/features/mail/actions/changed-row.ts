/** What a change makes of a conversation in a list, before the server has said so. */
import type { InputOf } from '#contracts/client.ts'
import type { mail } from '#contracts/mail.ts'
import type { ThreadRow } from '#contracts/mail/messages.ts'
import type { ListSource } from '../list/thread-list.ts'
import type { Mailboxes } from '../mailboxes.ts'

export type Change = Omit<InputOf<typeof mail.calls.changeMail>, 'threadIds' | 'messageIds' | 'query'>

/** Null where it leaves the list. */
export function changedRow(
  row: ThreadRow,
  change: Change,
  { source, mailboxes }: { source: ListSource; mailboxes: Mailboxes },
): ThreadRow | null {
  const mailboxIds = changedMailboxes(row.mailboxIds, change, mailboxes)
  const next: ThreadRow = {
    ...row,
    mailboxIds,
    isFlagged: change.isFlagged ?? row.isFlagged,
    isMuted: change.isMuted ?? row.isMuted,
    category: change.category ?? row.category,
    snoozedUntil: change.snoozeUntil === undefined ? row.snoozedUntil : change.snoozeUntil,
    ...(change.isSeen !== undefined && seen(row, change.isSeen)),
  }
  return stays(next, change, source) ? next : null
}

function seen(row: ThreadRow, isSeen: boolean): Pick<ThreadRow, 'unread' | 'senders'> {
  return {
    unread: isSeen ? 0 : Math.max(1, row.unread),
    senders: row.senders.map((sender) => ({ ...sender, isUnread: !isSeen })),
  }
}

function stays(next: ThreadRow, { moveTo }: Change, source: ListSource): boolean {
  if ('query' in source) return moveTo !== 'trash' && moveTo !== 'junk'
  return next.mailboxIds.includes(source.mailboxId) && (!source.category || next.category === source.category)
}

function changedMailboxes(ids: readonly string[], change: Change, { byRole }: Mailboxes): string[] {
  const result = new Set(ids)
  const idOf = (role: Parameters<typeof byRole.get>[0]) => byRole.get(role)?.id
  const put = (id: string | undefined) => void (id !== undefined && result.add(id))
  const take = (id: string | undefined) => void (id !== undefined && result.delete(id))
  const { moveTo, snoozeUntil } = change
  if (moveTo === 'junk' || moveTo === 'trash') result.clear()
  if (moveTo === 'inbox' || moveTo === 'archive')
    for (const role of ['junk', 'trash', 'snoozed'] as const) take(idOf(role))
  if (moveTo === 'archive') take(idOf('inbox'))
  else if (moveTo) put(idOf(moveTo))
  if (moveTo === 'inbox' || moveTo === 'archive') put(idOf('all'))
  if (snoozeUntil) {
    take(idOf('inbox'))
    put(idOf('snoozed'))
  } else if (snoozeUntil === null) {
    take(idOf('snoozed'))
    put(idOf('inbox'))
  }
  for (const id of change.addLabels ?? []) put(id)
  for (const id of change.removeLabels ?? []) take(id)
  return [...result]
}
