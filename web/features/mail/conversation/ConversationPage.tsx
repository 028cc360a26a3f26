/** A conversation: its messages, oldest first, the read ones folded. */
import { ActionIcon, Tooltip } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { ArrowLeft, ChevronLeft, ChevronRight } from 'lucide-react'
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { mail } from '#contracts/mail.ts'
import { keptQueryOf } from '#web/app/kept-answers.ts'
import { useWords } from '#web/app/language.tsx'
import { perform } from '#web/app/queries.ts'
import { usePageTitle } from '#web/ui/page-title.ts'
import { Question } from '#web/ui/Question.tsx'
import { Failed, Loading } from '#web/ui/states.tsx'
import { ThreadToolbar, useToolbarKeys, type OpenMenu } from '../actions/ThreadToolbar.tsx'
import { useThreadActions, type ActionTarget } from '../actions/thread-actions.ts'
import { useKeys } from '../keys/shortcuts.ts'
import listClasses from '../list/list-page.module.css'
import { useList } from '../list/list-context.ts'
import { useMail } from '../mail-context.ts'
import { hrefOf, useGo } from '../place.ts'
import { ThreadMessages } from './ThreadMessages.tsx'
import classes from './message.module.css'

export type Conversation = OutputOf<typeof mail.calls.showThread>

export function ConversationPage(): ReactNode {
  const { threadId = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery(keptQueryOf(mail.calls.showThread, { threadId }))
  const go = useGo()
  const { place, list } = useList()
  const { preferences } = useMail()
  const position = list.indexOf(threadId)
  const open = (at: number) => {
    const id = position < 0 ? undefined : list.at(at)?.id
    if (id !== undefined) go(hrefOf(place, id), 'replace')
  }
  // Also while it is still on its way.
  useKeys(
    { u: () => go(hrefOf(place)), j: () => open(position + 1), k: () => open(position - 1) },
    preferences.hasShortcuts,
  )
  if (!data)
    return error ? (
      <Failed error={error} onRetry={() => void refetch()} />
    ) : (
      <div className={classes.inner}>
        <Loading rows={6} />
      </div>
    )
  return <Shown key={threadId} conversation={data} onBack={() => go(hrefOf(place))} />
}

function Shown({ conversation, onBack }: { conversation: Conversation; onBack: () => void }) {
  const { t, number } = useWords()
  const { thread } = conversation
  const { preferences, changeMail } = useMail()
  const { place, list } = useList()
  const go = useGo()
  const [menu, setMenu] = useState<OpenMenu>()
  const [asksToDelete, setAsksToDelete] = useState(false)
  const position = list.indexOf(thread.id)
  const idAt = (at: number) => (position < 0 ? undefined : list.at(at)?.id)
  const [newer, older] = [idAt(position - 1), idAt(position + 1)]
  const open = (id: string | undefined) => id !== undefined && go(hrefOf(place, id), 'replace')
  const leave = () => (preferences.afterAction === 'next' && older ? open(older) : onBack())
  const leaving = useRef(leave)
  leaving.current = leave
  const target = useMemo<ActionTarget>(
    () => ({ chosen: { threadIds: [thread.id] }, count: 1, place, onLeave: () => leaving.current() }),
    [thread.id, place],
  )
  const actions = useThreadActions(target)
  const rows = useMemo(() => [thread], [thread])
  const onDeleteForever = () => setAsksToDelete(true)
  useToolbarKeys({ rows, place, actions, onDeleteForever, onMenu: setMenu })
  useSeen(conversation, (id) => void changeMail({ threadIds: [id] }, { isSeen: true }))
  usePageTitle(thread.subject || t('mail.noSubject'))

  return (
    <>
      <div className={listClasses.toolbar} role="toolbar" aria-label={t('mail.actions')}>
        <Tooltip label={t('mail.back')}>
          <ActionIcon variant="subtle" color="gray" size={34} aria-label={t('mail.back')} onClick={onBack}>
            <ArrowLeft size={18} />
          </ActionIcon>
        </Tooltip>
        <ThreadToolbar
          rows={rows}
          place={place}
          actions={actions}
          onDeleteForever={onDeleteForever}
          menu={menu}
          onMenu={setMenu}
        />
        {position >= 0 && (
          <span className={listClasses.position}>
            {t('mail.position', {
              position: number(position + 1),
              count: number(list.count) + (list.query.hasNextPage ? '+' : ''),
            })}
          </span>
        )}
        <Step label={t('mail.newer')} icon={ChevronLeft} onClick={newer ? () => open(newer) : undefined} />
        <Step label={t('mail.older')} icon={ChevronRight} onClick={older ? () => open(older) : undefined} />
      </div>
      <ThreadMessages conversation={conversation} />
      {asksToDelete && (
        <Question
          title={t('mail.deleteForever.title')}
          action={t('mail.deleteForever')}
          onConfirm={async () => {
            await perform(mail.calls.deleteMail, { threadIds: [thread.id] })
            leave()
          }}
          onClose={() => setAsksToDelete(false)}
        >
          {t('mail.deleteForever.all')}
        </Question>
      )}
    </>
  )
}

interface StepProps {
  label: string
  icon: typeof ChevronLeft
  onClick: (() => void) | undefined
}

function Step({ label, icon: Icon, onClick }: StepProps) {
  return (
    <ActionIcon
      visibleFrom="sm"
      variant="subtle"
      color="gray"
      size={32}
      aria-label={label}
      disabled={!onClick}
      onClick={onClick}
    >
      <Icon size={18} />
    </ActionIcon>
  )
}

/** What is shown on a page in sight is read. */
function useSeen({ thread, messages }: Conversation, markSeen: (threadId: string) => void): void {
  const unread = messages.filter(({ isSeen }) => !isSeen).length
  const told = useRef(markSeen)
  told.current = markSeen
  useEffect(() => {
    if (unread === 0) return
    const mark = () => document.visibilityState === 'visible' && told.current(thread.id)
    mark()
    document.addEventListener('visibilitychange', mark)
    return () => document.removeEventListener('visibilitychange', mark)
  }, [thread.id, unread])
}
