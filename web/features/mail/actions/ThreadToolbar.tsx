/** What can be done with the chosen conversations, as buttons and by keys. */
import { ActionIcon, Menu, Tooltip } from '@mantine/core'
import {
  AlarmClock,
  Archive,
  BellOff,
  EllipsisVertical,
  FolderInput,
  Inbox,
  MailCheck,
  MailWarning,
  OctagonAlert,
  ShieldCheck,
  Star,
  StarOff,
  Tags,
  Trash2,
  type LucideIcon,
} from 'lucide-react'
import { forwardRef, useState, type ReactNode, type Ref } from 'react'
import type { ThreadRow } from '#contracts/mail/messages.ts'
import { useWords } from '#web/app/language.tsx'
import { useKeys } from '../keys/shortcuts.ts'
import { useMail } from '../mail-context.ts'
import type { Place } from '../place.ts'
import { LabelDialog } from '../sidebar/LabelDialog.tsx'
import { LabelMenu, MoveMenu } from './LabelPicker.tsx'
import { SnoozeMenu } from './SnoozeMenu.tsx'
import type { ThreadActions } from './thread-actions.ts'

export type OpenMenu = 'labels' | 'move' | 'snooze' | undefined

export interface ThreadToolbarProps {
  rows: readonly ThreadRow[]
  place: Place
  actions: ThreadActions
  /** In junk and trash. */
  onDeleteForever: () => void
  menu: OpenMenu
  onMenu: (menu: OpenMenu) => void
  /** More of the menu at the end. */
  children?: ReactNode
}

export function ThreadToolbar({
  rows,
  place,
  actions,
  onDeleteForever,
  menu,
  onMenu,
  children,
}: ThreadToolbarProps) {
  const { t } = useWords()
  const { mailboxes } = useMail()
  const role = place.kind === 'mailbox' ? place.role : undefined
  const isGone = role === 'trash' || role === 'junk'
  const inboxId = mailboxes.byRole.get('inbox')?.id
  const isInInbox = rows.some(({ mailboxIds }) => inboxId !== undefined && mailboxIds.includes(inboxId))
  const isUnread = rows.some(({ unread }) => unread > 0)
  const isStarred = rows.some(({ isFlagged }) => isFlagged)
  const isMuted = rows.some(({ isMuted }) => isMuted)

  return (
    <>
      {!isGone && isInInbox && <Tool icon={Archive} label={t('mail.archive')} onClick={actions.archive} />}
      {!isInInbox && role !== 'junk' && (
        <Tool icon={Inbox} label={t('mail.toInbox')} onClick={actions.moveToInbox} />
      )}
      {role === 'junk' ? (
        <Tool icon={ShieldCheck} label={t('mail.notSpam')} onClick={actions.notSpam} />
      ) : (
        <Tool icon={OctagonAlert} label={t('mail.spam')} onClick={actions.spam} />
      )}
      <Tool
        icon={Trash2}
        label={isGone ? t('mail.deleteForever') : t('mail.delete')}
        onClick={isGone ? onDeleteForever : actions.trash}
      />
      <Tool
        icon={isUnread ? MailCheck : MailWarning}
        label={isUnread ? t('mail.markRead') : t('mail.markUnread')}
        onClick={() => actions.markSeen(isUnread)}
      />
      <PlacingMenus rows={rows} actions={actions} isGone={isGone} menu={menu} onMenu={onMenu} />
      <Menu position="bottom-end" shadow="md">
        <Menu.Target>
          <Tool icon={EllipsisVertical} label={t('mail.more')} />
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={isStarred ? <StarOff size={16} /> : <Star size={16} />}
            onClick={() => actions.star(!isStarred)}
          >
            {isStarred ? t('mail.unstar') : t('mail.star')}
          </Menu.Item>
          <Menu.Item leftSection={<BellOff size={16} />} onClick={() => actions.mute(!isMuted)}>
            {isMuted ? t('mail.unmute') : t('mail.mute')}
          </Menu.Item>
          {children}
        </Menu.Dropdown>
      </Menu>
    </>
  )
}

interface PlacingMenusProps extends Pick<ThreadToolbarProps, 'rows' | 'actions' | 'menu' | 'onMenu'> {
  isGone: boolean
}

/** Those that keys open too. */
function PlacingMenus({ rows, actions, isGone, menu, onMenu }: PlacingMenusProps) {
  const { t } = useWords()
  const { mailboxes } = useMail()
  const [newName, setNewName] = useState<string>()
  const isSnoozed = rows.some(({ snoozedUntil }) => snoozedUntil !== null)
  const onOpen = (name: OpenMenu) => (opened: boolean) => onMenu(opened ? name : undefined)
  return (
    <>
      {!isGone && (
        <SnoozeMenu
          opened={menu === 'snooze'}
          onChange={onOpen('snooze')}
          isSnoozed={isSnoozed}
          onSnooze={actions.snooze}
        >
          <Tool icon={AlarmClock} label={t('mail.snooze')} />
        </SnoozeMenu>
      )}
      <MoveMenu
        opened={menu === 'move'}
        onChange={onOpen('move')}
        labels={mailboxes.labels}
        onMove={(to) => {
          if (typeof to === 'object') actions.moveToLabel(to.labelId)
          else if (to === 'inbox') actions.moveToInbox()
          else if (to === 'junk') actions.spam()
          else actions.trash()
        }}
      >
        <Tool
          icon={FolderInput}
          label={t('mail.move')}
          onClick={() => onMenu(menu === 'move' ? undefined : 'move')}
        />
      </MoveMenu>
      <LabelMenu
        opened={menu === 'labels'}
        onChange={onOpen('labels')}
        labels={mailboxes.labels}
        shares={sharesOf(rows)}
        onApply={actions.changeLabels}
        onCreate={setNewName}
      >
        <Tool
          icon={Tags}
          label={t('mail.label')}
          onClick={() => onMenu(menu === 'labels' ? undefined : 'labels')}
        />
      </LabelMenu>
      {newName !== undefined && (
        <LabelDialog
          name={newName}
          labels={mailboxes.labels}
          onDone={({ id }) => actions.changeLabels([id], [])}
          onClose={() => setNewName(undefined)}
        />
      )}
    </>
  )
}

/** The keys of the toolbar; `isOn` where there is something chosen. */
export function useToolbarKeys(
  props: Pick<ThreadToolbarProps, 'rows' | 'place' | 'actions' | 'onDeleteForever' | 'onMenu'>,
): void {
  const { rows, place, actions, onDeleteForever, onMenu } = props
  const { hasShortcuts } = useMail().preferences
  const isGone = place.kind === 'mailbox' && (place.role === 'trash' || place.role === 'junk')
  useKeys(
    {
      e: actions.archive,
      '#': isGone ? onDeleteForever : actions.trash,
      '!': place.kind === 'mailbox' && place.role === 'junk' ? actions.notSpam : actions.spam,
      s: () => actions.star(!rows.some(({ isFlagged }) => isFlagged)),
      m: () => actions.mute(!rows.some(({ isMuted }) => isMuted)),
      I: () => actions.markSeen(true),
      U: () => actions.markSeen(false),
      b: () => onMenu('snooze'),
      v: () => onMenu('move'),
      l: () => onMenu('labels'),
    },
    hasShortcuts && rows.length > 0,
  )
}

function sharesOf(rows: readonly ThreadRow[]): ReadonlyMap<string, 'all' | 'some'> {
  const counts = new Map<string, number>()
  for (const { mailboxIds } of rows) for (const id of mailboxIds) counts.set(id, (counts.get(id) ?? 0) + 1)
  return new Map([...counts].map(([id, count]) => [id, count === rows.length ? 'all' : 'some']))
}

interface ToolProps {
  icon: LucideIcon
  label: string
  onClick?: () => void
}

/** What opens a menu is given its properties by it. */
const Tool = forwardRef(function Tool(
  { icon: Icon, label, ...props }: ToolProps,
  ref: Ref<HTMLButtonElement>,
) {
  return (
    <Tooltip label={label}>
      <ActionIcon ref={ref} variant="subtle" color="gray" size={34} aria-label={label} {...props}>
        <Icon size={18} strokeWidth={1.75} />
      </ActionIcon>
    </Tooltip>
  )
})
