import { AtSign, ChartLine, Globe, ListEnd } from 'lucide-react'
import type { PartSection } from '#web/app/parts.ts'

export const mailAdminSections: readonly PartSection[] = [
  { to: '/admin/mail/domains', label: 'mailAdmin.domains', icon: Globe },
  { to: '/admin/mail/addresses', label: 'mailAdmin.addresses', icon: AtSign },
  { to: '/admin/mail/queue', label: 'mailAdmin.queue', icon: ListEnd },
  { to: '/admin/mail/reports', label: 'mailAdmin.reports', icon: ChartLine },
]
