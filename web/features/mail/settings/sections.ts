import { CalendarOff, Contact, Filter, Forward, PackageOpen, Settings2, Signature } from 'lucide-react'
import type { PartSection } from '#web/app/parts.ts'

export const mailSettings: readonly PartSection[] = [
  { to: '/mail/settings/general', label: 'mailSettings.general', icon: Settings2 },
  { to: '/mail/settings/signatures', label: 'mailSettings.signatures', icon: Signature },
  { to: '/mail/settings/filters', label: 'mailSettings.filters', icon: Filter },
  { to: '/mail/settings/vacation', label: 'mailSettings.vacation', icon: CalendarOff },
  { to: '/mail/settings/forwarding', label: 'mailSettings.forwarding', icon: Forward },
  { to: '/mail/settings/contacts', label: 'mailSettings.contacts', icon: Contact },
  { to: '/mail/settings/transfers', label: 'mailSettings.transfers', icon: PackageOpen },
]
