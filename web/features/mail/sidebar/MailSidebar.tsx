/** The mailboxes, in the navigation. */
import { Button, NavLink, Progress, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useRouterState } from '@tanstack/react-router'
import {
  AlarmClock,
  CalendarClock,
  FileText,
  Inbox,
  Mails,
  OctagonAlert,
  PenLine,
  Send,
  Settings,
  Star,
  Trash2,
  type LucideIcon,
} from 'lucide-react'
import type { ReactNode } from 'react'
import { useWords } from '#web/app/language.tsx'
import { useCompose } from '../compose/composers.tsx'
import { listsKey } from '../list/thread-list.ts'
import { useMailboxes, type Mailboxes } from '../mailboxes.ts'
import { folderNames, folders, hrefOf, placeOfFolder, type Folder } from '../place.ts'
import { Count } from './Count.tsx'
import { LabelTree } from './LabelTree.tsx'
import classes from './sidebar.module.css'

const icons: Record<Folder, LucideIcon> = {
  inbox: Inbox,
  starred: Star,
  snoozed: AlarmClock,
  sent: Send,
  drafts: FileText,
  scheduled: CalendarClock,
  all: Mails,
  junk: OctagonAlert,
  trash: Trash2,
}

export function MailSidebar(): ReactNode {
  const { t } = useWords()
  const mailboxes = useMailboxes()
  const { compose } = useCompose()
  if (!mailboxes || mailboxes.address === null) return null
  return (
    <div className={classes.sidebar}>
      <Button fullWidth leftSection={<PenLine size={16} />} onClick={() => compose()} my="xs">
        {t('mail.compose')}
      </Button>
      {folders
        .filter((folder) => folder === 'starred' || isShown(folder, mailboxes))
        .map((folder) => (
          <FolderLink key={folder} folder={folder} mailboxes={mailboxes} />
        ))}
      <LabelTree labels={mailboxes.labels} />
      <NavLink
        component={Link}
        {...{ to: '/mail/settings' }}
        label={t('mail.settings')}
        leftSection={<Settings size={16} strokeWidth={1.75} aria-hidden />}
        className={classes.link}
      />
      <Storage {...mailboxes.storage} />
    </div>
  )
}

/** What is scheduled is a place of its own only while there is something. */
function isShown(folder: Exclude<Folder, 'starred'>, { byRole }: Mailboxes): boolean {
  return folder !== 'scheduled' || (byRole.get(folder)?.messages ?? 0) > 0
}

function FolderLink({ folder, mailboxes }: { folder: Folder; mailboxes: Mailboxes }) {
  const { t, number } = useWords()
  const queries = useQueryClient()
  const href = hrefOf(placeOfFolder(folder))
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const isCurrent = path === href || path.startsWith(`${href}/`)
  const Icon = icons[folder]
  const count = countOf(folder, mailboxes)
  return (
    <NavLink
      component={Link}
      {...{ to: href }}
      label={t(folderNames[folder])}
      active={isCurrent}
      aria-current={isCurrent ? 'page' : undefined}
      leftSection={<Icon size={16} strokeWidth={1.75} aria-hidden />}
      rightSection={count > 0 && <Count text={number(count)} hint={countHint(folder)} />}
      data-unread={count > 0 && folder === 'inbox'}
      className={classes.link}
      // Going to where one is means to look anew.
      onClick={() => isCurrent && void queries.invalidateQueries({ queryKey: listsKey })}
    />
  )
}

const countHint = (folder: Folder) =>
  folder === 'drafts'
    ? 'mail.count.drafts'
    : folder === 'scheduled'
      ? 'mail.count.scheduled'
      : 'mail.count.unread'

function countOf(folder: Folder, { byRole, drafts }: Mailboxes): number {
  if (folder === 'drafts') return drafts
  if (folder === 'scheduled') return byRole.get('scheduled')?.messages ?? 0
  if (folder === 'inbox' || folder === 'junk') return byRole.get(folder)?.unreadThreads ?? 0
  return 0
}

function Storage({ usedBytes, quotaBytes }: Mailboxes['storage']) {
  const { t, number } = useWords()
  const share = quotaBytes > 0 ? Math.min(100, (usedBytes / quotaBytes) * 100) : 0
  const size = (bytes: number) =>
    number(bytes / 1024 ** 3, { maximumFractionDigits: bytes < 1024 ** 4 ? 2 : 0 })
  return (
    <div className={classes.storage}>
      <Progress value={share} size={4} color={share > 90 ? 'red' : 'green'} aria-label={t('mail.storage')} />
      <Text size="xs" c="dimmed" mt={4}>
        {t('mail.storage.text', { used: size(usedBytes), quota: size(quotaBytes) })}
      </Text>
    </div>
  )
}
