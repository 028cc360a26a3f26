import {
  AlarmClock,
  CalendarClock,
  FileText,
  Inbox,
  Mails,
  OctagonAlert,
  SearchX,
  Send,
  Star,
  Tag,
  Trash2,
  type LucideIcon,
} from 'lucide-react'
import { useWords } from '#web/app/language.tsx'
import type { PlainKey } from '#web/messages/messages.ts'
import { Empty } from '#web/ui/states.tsx'
import type { Place } from '../place.ts'

const texts: Record<string, [LucideIcon, PlainKey, PlainKey]> = {
  inbox: [Inbox, 'mail.empty.inbox', 'mail.empty.inbox.text'],
  all: [Mails, 'mail.empty.inbox', 'mail.empty.inbox.text'],
  sent: [Send, 'mail.empty.sent', 'mail.empty.sent.text'],
  drafts: [FileText, 'mail.empty.drafts', 'mail.empty.drafts.text'],
  scheduled: [CalendarClock, 'mail.empty.scheduled', 'mail.empty.scheduled.text'],
  snoozed: [AlarmClock, 'mail.empty.snoozed', 'mail.empty.snoozed.text'],
  junk: [OctagonAlert, 'mail.empty.junk', 'mail.empty.junk.text'],
  trash: [Trash2, 'mail.empty.trash', 'mail.empty.trash.text'],
  starred: [Star, 'mail.empty.starred', 'mail.empty.starred.text'],
  label: [Tag, 'mail.empty.label', 'mail.empty.label.text'],
  search: [SearchX, 'mail.empty.search', 'mail.empty.search.text'],
}

/** Nothing is there, and what would be. */
export function EmptyList({ place }: { place: Place }) {
  const { t } = useWords()
  const [icon, title, text] = texts[place.kind === 'mailbox' ? place.role : place.kind]!
  return <Empty icon={icon} title={t(title)} text={t(text)} />
}
