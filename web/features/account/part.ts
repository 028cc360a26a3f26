import { Bell, KeyRound, Mailbox, MonitorSmartphone, ScrollText, ShieldCheck, UserRound } from 'lucide-react'
import type { Part } from '#web/app/parts.ts'

export const accountPart: Part = {
  id: 'account',
  label: 'part.account',
  icon: UserRound,
  shortcut: 's',
  to: '/account',
  mayUse: () => true,
  sections: [
    { to: '/account/profile', label: 'account.profile', icon: UserRound },
    { to: '/account/security', label: 'account.security', icon: ShieldCheck },
    { to: '/account/sessions', label: 'account.sessions', icon: MonitorSmartphone },
    { to: '/account/notifications', label: 'account.notifications', icon: Bell },
    { to: '/account/programs', label: 'account.programs', icon: Mailbox },
    { to: '/account/keys', label: 'account.keys', icon: KeyRound },
    { to: '/account/privacy', label: 'account.privacy', icon: ScrollText },
  ],
}
