import type { MailboxRole } from '#contracts/mail/mailboxes.ts'
import type { MailboxPath, ToExport } from '../../store/exports.ts'
import type { Note } from '../import/note.ts'

type Marked = Omit<ToExport, 'messageId' | 'receivedAt' | 'blob' | 'trace' | 'sender'>

/** The first of these that a message is in has it. */
const roleFiles: [MailboxRole, string][] = [
  ['inbox', 'INBOX'],
  ['sent', 'Sent'],
  ['drafts', 'Drafts'],
  ['snoozed', 'Snoozed'],
  ['scheduled', 'Scheduled'],
  ['junk', 'Junk'],
  ['trash', 'Trash'],
]

/** Of a message, the mbox it goes into and what the index says of it. */
export function placing(mailboxes: readonly MailboxPath[]) {
  const byId = new Map(mailboxes.map((mailbox) => [mailbox.id, mailbox]))
  const files = labelFiles(mailboxes)
  return (message: Marked, receivedAt: string): { file: string; note: Note } => {
    const held = message.mailboxIds.map((id) => byId.get(id)).filter((mailbox) => mailbox !== undefined)
    const roles = held.flatMap(({ role }) => (role === null ? [] : [role as MailboxRole]))
    const labels = held
      .filter(({ role }) => role === null)
      .toSorted((a, b) => (files.get(a.id)! < files.get(b.id)! ? -1 : 1))
    const own = roleFiles.find(([role]) => roles.includes(role))?.[1]
    const label = labels[0] && files.get(labels[0].id)
    const { isSeen, isAnswered, isFlagged, isForwarded, isDraft, keywords, category } = message
    return {
      file: `Mail/${own ?? label ?? 'All Mail'}.mbox`,
      note: {
        roles: roles.filter((role) => role !== 'all'),
        labels: labels.map(({ path }) => path),
        isSeen,
        isAnswered,
        isFlagged,
        isForwarded,
        isDraft,
        keywords,
        category,
        receivedAt: new Date(receivedAt).toISOString(),
      },
    }
  }
}

const longestName = 100

/** No two labels share one, whatever they are called. */
function labelFiles(mailboxes: readonly MailboxPath[]): Map<string, string> {
  const taken = new Set<string>()
  return new Map(
    mailboxes.map(({ id, path }) => {
      const clean = path.map((name) =>
        name
          .replaceAll(/[\p{Cc}/\\:*?"<>|]/gu, '_')
          .replace(/^\.+/, '_')
          .slice(0, longestName),
      )
      const base = `Labels/${clean.slice(0, 10).join('/')}`
      let name = base
      for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${base} (${number})`
      taken.add(name.toLowerCase())
      return [id, name]
    }),
  )
}
