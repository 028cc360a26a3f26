/** Which mailbox of ours a folder of other programs is. */
import type { Note } from './note.ts'

export type Standing = Pick<Note, 'roles' | 'labels'> & Partial<Pick<Note, 'isFlagged' | 'isDraft'>>

type Kind = 'inbox' | 'sent' | 'drafts' | 'junk' | 'trash' | 'archive' | 'starred'

const names: Record<Kind, readonly string[]> = {
  inbox: ['inbox', 'snoozed', 'ইনবক্স'],
  sent: ['sent', 'sent items', 'sent mail', 'sent messages', 'প্রেরিত', 'পাঠানো', 'পাঠানো মেল', 'পাঠানো মেইল'],
  drafts: ['draft', 'drafts', 'scheduled', 'খসড়া', 'খসড়াগুলি'],
  junk: ['junk', 'spam', 'junk e-mail', 'junk email', 'junk mail', 'bulk mail', 'স্প্যাম'],
  trash: ['trash', 'bin', 'deleted', 'deleted items', 'deleted messages', 'ট্র্যাশ', 'বিন', 'আবর্জনা'],
  archive: [
    'archive',
    'archives',
    'archived',
    'all mail',
    'all mail including spam and trash',
    'আর্কাইভ',
    'সমস্ত মেল',
    'সব মেইল',
  ],
  starred: ['starred', 'তারকাচিহ্নিত'],
}

const kinds = new Map(
  Object.entries(names).flatMap(([kind, all]) => all.map((name) => [name.normalize('NFC'), kind as Kind])),
)

/** What stands above mailboxes and is none. */
const roots = new Set(['mail', 'maildir', '.maildir', 'takeout', 'local folders', 'imapmail', 'labels'])
const gmailRoots = new Set(['[gmail]', '[google mail]'])
const most = { depth: 10, characters: 200 }

/** `['[Gmail]', 'Sent Mail']` is the sent one, `['Work', 'Clients']` a label, nothing the inbox. */
export function standingOf(path: readonly string[]): Standing {
  const own = [...path]
  while (own.length > 0 && roots.has(own[0]!.toLowerCase())) own.shift()
  if (own.length > 1 && gmailRoots.has(own[0]!.toLowerCase())) own.shift()
  // Courier and Cyrus have everything below the inbox.
  if (own.length > 1 && own[0]!.toLowerCase() === 'inbox') own.shift()
  if (own.length === 0) return { roles: ['inbox'], labels: [] }
  const kind = own.length === 1 ? kindOf(own[0]!) : undefined
  if (kind === undefined) {
    const label = labelPath(own)
    return { roles: [], labels: label.length === 0 ? [] : [label] }
  }
  if (kind === 'archive') return { roles: [], labels: [] }
  if (kind === 'starred') return { roles: [], labels: [], isFlagged: true }
  return { roles: [kind], labels: [], ...(kind === 'drafts' && { isDraft: true }) }
}

function kindOf(name: string): Kind | undefined {
  return kinds.get(name.normalize('NFC').trim().toLowerCase())
}

/** As labels can be called. */
export function labelPath(path: readonly string[]): string[] {
  const clean = path
    .map((name) =>
      name
        .replaceAll(/\p{Cc}+/gu, ' ')
        .trim()
        .slice(0, most.characters)
        .trim(),
    )
    .filter((name) => name !== '')
  return clean.slice(0, most.depth)
}
