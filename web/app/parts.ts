/** Parts of the product, as the navigation, the palette and the shortcuts show them. */
import type { LinkProps } from '@tanstack/react-router'
import type { LucideIcon } from 'lucide-react'
import type { ComponentType } from 'react'
import type { Account } from '#contracts/identity/account.ts'
import type { PlainKey } from '#web/messages/messages.ts'

export interface PartSection {
  to: NonNullable<LinkProps['to']>
  label: PlainKey
  icon: LucideIcon
}

export interface Part {
  /** The first segment of its paths. */
  id: string
  label: PlainKey
  icon: LucideIcon
  /** After `g` it leads there. */
  shortcut: string
  mayUse(account: Account): boolean
  /** Leads on to the first section. */
  to: PartSection['to']
  sections: readonly PartSection[]
  /** In the navigation while the part is open, instead of its sections. */
  Sidebar?: ComponentType
  /** Its pages reach to the edges, and scroll within themselves. */
  fillsPage?: boolean
}
