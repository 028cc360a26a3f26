/** Where in the mail a list is: a mailbox, a label, what is starred, or what a search finds. */
import { useParams, useRouter, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import type { MailboxRole } from '#contracts/mail/mailboxes.ts'
import { Category } from '#contracts/mail/messages.ts'
import type { PlainKey } from '#web/messages/messages.ts'

export type Place =
  | { kind: 'mailbox'; role: MailboxRole; category?: Category }
  | { kind: 'starred' }
  | { kind: 'label'; id: string }
  | { kind: 'search'; query: string }

export type Folder = (typeof folders)[number]

/** In the order of the navigation. */
export const folders = [
  'inbox',
  'starred',
  'snoozed',
  'sent',
  'drafts',
  'scheduled',
  'all',
  'junk',
  'trash',
] as const satisfies readonly (MailboxRole | 'starred')[]

export const folderNames: Record<Folder, PlainKey> = {
  inbox: 'mail.place.inbox',
  starred: 'mail.place.starred',
  snoozed: 'mail.place.snoozed',
  sent: 'mail.place.sent',
  drafts: 'mail.place.drafts',
  scheduled: 'mail.place.scheduled',
  all: 'mail.place.all',
  junk: 'mail.place.junk',
  trash: 'mail.place.trash',
}

export function placeOfFolder(folder: Folder): Place {
  return folder === 'starred' ? { kind: 'starred' } : { kind: 'mailbox', role: folder }
}

/** Its path, or that of a conversation opened from it. */
export function hrefOf(place: Place, threadId?: string): string {
  const end = threadId === undefined ? '' : `/${threadId}`
  switch (place.kind) {
    case 'label':
      return `/mail/label/${place.id}${end}`
    case 'search':
      return `/mail/search${end}?${new URLSearchParams({ q: place.query })}`
    case 'starred':
      return `/mail/starred${end}`
    default: {
      const category = place.category ? `?category=${place.category}` : ''
      return `/mail/${place.role === 'junk' ? 'spam' : place.role}${end}${category}`
    }
  }
}

/** Of the address of the page; undefined where it names nothing. */
export function usePlace(): Place | undefined {
  const { place, labelId } = useParams({ strict: false })
  const { q, category } = useSearch({ strict: false }) as { q?: string; category?: string }
  return useMemo(() => placeOf({ place, labelId, q, category }), [place, labelId, q, category])
}

interface Address {
  place?: string | undefined
  labelId?: string | undefined
  q?: string | undefined
  category?: string | undefined
}

function placeOf({ place, labelId, q, category }: Address): Place | undefined {
  if (labelId !== undefined) return { kind: 'label', id: labelId }
  if (place === undefined) return { kind: 'search', query: String(q ?? '') }
  const folder = folders.find((one) => one === (place === 'spam' ? 'junk' : place))
  if (folder === undefined) return undefined
  if (folder !== 'inbox') return placeOfFolder(folder)
  const known = Category.options.find((one) => one === category)
  return { kind: 'mailbox', role: 'inbox', ...(known && known !== 'primary' && { category: known }) }
}

/** Goes to a path of this app. */
export function useGo(): (href: string, how?: 'push' | 'replace') => void {
  const { history } = useRouter()
  return useCallback((href, how = 'push') => history[how](href), [history])
}
