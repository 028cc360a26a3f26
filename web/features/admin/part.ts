import {
  Activity,
  Eraser,
  FileCheck,
  KeyRound,
  ListChecks,
  MailX,
  MonitorSmartphone,
  Network,
  ScrollText,
  Send,
  ServerCog,
  Settings,
  Shield,
  Users,
  Waypoints,
} from 'lucide-react'
import type { Part } from '#web/app/parts.ts'
import { hasRole } from '#web/app/session.ts'
import { mailAdminSections } from './mail/sections.ts'

export const adminPart: Part = {
  id: 'admin',
  label: 'part.admin',
  icon: ServerCog,
  shortcut: 'a',
  to: '/admin',
  mayUse: (account) => hasRole(account, 'admin'),
  sections: [
    { to: '/admin/overview', label: 'admin.overview', icon: Activity },
    { to: '/admin/topology', label: 'admin.topology', icon: Network },
    { to: '/admin/accounts', label: 'admin.accounts', icon: Users },
    { to: '/admin/sessions', label: 'admin.sessions', icon: MonitorSmartphone },
    { to: '/admin/grants', label: 'admin.grants', icon: ListChecks },
    { to: '/admin/protection', label: 'admin.protection', icon: Shield },
    { to: '/admin/service-keys', label: 'admin.serviceKeys', icon: KeyRound },
    { to: '/admin/logs', label: 'admin.logs', icon: ScrollText },
    { to: '/admin/traces', label: 'admin.traces', icon: Waypoints },
    { to: '/admin/audit', label: 'admin.audit', icon: FileCheck },
    ...mailAdminSections,
    { to: '/admin/outbox', label: 'admin.outbox', icon: Send },
    { to: '/admin/dead-letters', label: 'admin.deadLetters', icon: MailX },
    { to: '/admin/erasures', label: 'admin.erasures', icon: Eraser },
    { to: '/admin/installation', label: 'admin.installation', icon: Settings },
  ],
}
