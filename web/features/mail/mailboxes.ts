/** The person's mailboxes, labels and preferences. */
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { mail } from '#contracts/mail.ts'
import type { Mailbox, MailboxRole } from '#contracts/mail/mailboxes.ts'
import type { MailPreferences } from '#contracts/mail/settings.ts'
import { keptQueryOf } from '#web/app/kept-answers.ts'

export const mailboxesQuery = keptQueryOf(mail.calls.listMailboxes, {})
const preferencesQuery = keptQueryOf(mail.calls.showMailPreferences, {})

export interface Mailboxes extends OutputOf<typeof mail.calls.listMailboxes> {
  byId: ReadonlyMap<string, Mailbox>
  byRole: ReadonlyMap<MailboxRole, Mailbox>
  /** By their full names. */
  labels: readonly Label[]
}

export interface Label extends Mailbox {
  /** `Customers/Dhaka` */
  path: string
  depth: number
}

/** Undefined until they are known. */
export function useMailboxes(): Mailboxes | undefined {
  const { data } = useQuery({ ...mailboxesQuery, staleTime: 60_000 })
  return useMemo(() => data && arranged(data), [data])
}

/** Until they are known, what is most careful. */
export function usePreferences(): Pick<
  MailPreferences,
  'categories' | 'images' | 'afterAction' | 'hasShortcuts'
> {
  const { data } = useQuery({ ...preferencesQuery, staleTime: 60_000 })
  return data ?? unknownPreferences
}

const unknownPreferences = {
  categories: [],
  images: 'ask',
  afterAction: 'list',
  hasShortcuts: true,
} as const satisfies {
  categories: never[]
  images: string
  afterAction: string
  hasShortcuts: boolean
}

function arranged(data: OutputOf<typeof mail.calls.listMailboxes>): Mailboxes {
  const byId = new Map(data.items.map((mailbox) => [mailbox.id, mailbox]))
  const byRole = new Map(
    data.items.flatMap((mailbox) => (mailbox.role ? [[mailbox.role, mailbox] as const] : [])),
  )
  return { ...data, byId, byRole, labels: labelsOf(data.items, byId) }
}

/** How deep labels lie in labels: one that would lie in itself ends there. */
const deepest = 20

function labelsOf(items: readonly Mailbox[], byId: ReadonlyMap<string, Mailbox>): Label[] {
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })
  const pathOf = (label: Mailbox): string[] => {
    const names: string[] = []
    for (
      let one: Mailbox | undefined = label;
      one && names.length < deepest;
      one = one.parentId === null ? undefined : byId.get(one.parentId)
    )
      names.unshift(one.name)
    return names
  }
  return items
    .filter(({ role }) => role === null)
    .map((label) => ({ label, names: pathOf(label) }))
    .sort((a, b) => compareNames(a.names, b.names, collator))
    .map(({ label, names }) => ({ ...label, path: names.join('/'), depth: names.length - 1 }))
}

/** A label stands before those in it. */
function compareNames(a: readonly string[], b: readonly string[], collator: Intl.Collator): number {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const order = collator.compare(a[i]!, b[i]!)
    if (order !== 0) return order
  }
  return a.length - b.length
}
