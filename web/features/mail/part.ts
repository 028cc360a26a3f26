import { Inbox, Mail } from 'lucide-react'
import { lazy } from 'react'
import type { Part } from '#web/app/parts.ts'

export const mailPart: Part = {
  id: 'mail',
  label: 'part.mail',
  icon: Mail,
  shortcut: 'm',
  to: '/mail',
  mayUse: () => true,
  sections: [{ to: '/mail', label: 'mail.place.inbox', icon: Inbox }],
  Sidebar: lazy(() =>
    import('./sidebar/MailSidebar.tsx').then(({ MailSidebar }) => ({ default: MailSidebar })),
  ),
  fillsPage: true,
}
