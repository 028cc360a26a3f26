/** Conversations of a place. One that is opened lies over the list, which stays as it is. */
import { Outlet, useParams } from '@tanstack/react-router'
import { useMemo, useRef, useState, type ReactNode } from 'react'
import { NotFound } from '#web/app/pages.tsx'
import type { ThreadRow } from '#contracts/mail/messages.ts'
import { useWords } from '#web/app/language.tsx'
import { usePageTitle } from '#web/ui/page-title.ts'
import { Failed } from '#web/ui/states.tsx'
import type { OpenMenu } from '../actions/ThreadToolbar.tsx'
import { useKeys } from '../keys/shortcuts.ts'
import { useMail } from '../mail-context.ts'
import { hrefOf, useGo, usePlace, type Place } from '../place.ts'
import { CategoryTabs } from './CategoryTabs.tsx'
import { EmptyList } from './EmptyList.tsx'
import { ListContext } from './list-context.ts'
import { usePlaceName } from './place-name.ts'
import { ListToolbar } from './ListToolbar.tsx'
import classes from './list-page.module.css'
import { useSelection } from './selection.ts'
import { sourceOf, useThreadList, type ListSource, type ThreadList } from './thread-list.ts'
import { ThreadTable, type RowAct } from './ThreadTable.tsx'

export function ListPage(): ReactNode {
  const place = usePlace()
  const { mailboxes, preferences } = useMail()
  const source = place && sourceOf(place, mailboxes, preferences.categories.length > 0)
  if (!source) return <NotFound />
  return <PlaceList key={JSON.stringify(source)} place={place} source={source} />
}

function PlaceList({ place, source }: { place: Place; source: ListSource }) {
  const { t, number } = useWords()
  const { mailboxes, preferences, changeMail } = useMail()
  const { threadId } = useParams({ strict: false })
  const isCovered = threadId !== undefined
  const go = useGo()
  const list = useThreadList(source)
  const selection = useSelection(list)
  const scroller = useRef<HTMLDivElement>(null)
  const [current, setCurrent] = useCurrent(threadId, list)
  const [menu, setMenu] = useState<OpenMenu>()
  const [snoozed, setSnoozed] = useState<ThreadRow>()
  const name = usePlaceName(place)
  const unread =
    place.kind === 'mailbox' && place.role === 'inbox'
      ? (mailboxes.byRole.get('inbox')?.unreadThreads ?? 0)
      : 0
  usePageTitle(unread > 0 ? `${name} (${number(unread)})` : name)

  const act = (what: RowAct, row: ThreadRow) => {
    if (what === 'open') return go(hrefOf(place, row.id))
    if (what === 'snooze') {
      setSnoozed(row)
      return setMenu('snooze')
    }
    rowAct({
      row,
      what,
      changeMail,
      archived: t('mail.done.archived.one'),
      trashed: t('mail.done.trashed.one'),
    })
  }
  const at = list.at(current)
  const lastOf = list.count - 1
  useKeys(
    {
      j: () => setCurrent(Math.min(lastOf, current + 1)),
      k: () => setCurrent(Math.max(0, current - 1)),
      o: () => at && act('open', at),
      Enter: () => at && act('open', at),
      x: () => at && selection.toggle(at.id),
      '* a': () => selection.set(list.loadedIds()),
      '* n': selection.clear,
      Escape: selection.clear,
    },
    preferences.hasShortcuts && !isCovered && menu === undefined,
  )
  const rows = useMemo(() => {
    if (snoozed) return [snoozed]
    const chosen = [...selection.ids].flatMap((id) => list.at(list.indexOf(id)) ?? [])
    return chosen.length > 0 || !at ? chosen : [at]
  }, [snoozed, selection.ids, list, at])
  const onMenu = (next: OpenMenu) => {
    setMenu(next)
    if (next === undefined) setSnoozed(undefined)
  }

  const value = useMemo(() => ({ place, list }), [place, list])
  return (
    <ListContext value={value}>
      <section className={classes.list} data-covered={isCovered || undefined} aria-label={name}>
        <ListToolbar
          title={name}
          place={place}
          list={list}
          selection={selection}
          rows={rows}
          menu={menu}
          onMenu={onMenu}
          isCovered={isCovered}
        />
        {place.kind === 'mailbox' && place.role === 'inbox' && preferences.categories.length > 0 && (
          <CategoryTabs current={place.category ?? 'primary'} />
        )}
        <Rows query={list.query} isEmpty={list.count === 0} place={place}>
          <ThreadTable
            label={name}
            place={place}
            list={list}
            selection={selection}
            current={Math.min(current, lastOf)}
            onCurrent={setCurrent}
            onAct={act}
            scroller={scroller}
            isCovered={isCovered}
          />
        </Rows>
      </section>
      {isCovered && (
        <div className={classes.cover}>
          <Outlet />
        </div>
      )}
    </ListContext>
  )
}

interface RowsProps {
  query: ThreadList['query']
  isEmpty: boolean
  place: Place
  children: ReactNode
}

function Rows({ query, isEmpty, place, children }: RowsProps) {
  if (query.isPending) return <Skeletons />
  if (!isEmpty) return children
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />
  return <EmptyList place={place} />
}

/** The row that keys lead on from: that of the conversation opened last. */
function useCurrent(threadId: string | undefined, list: { indexOf(id: string): number }) {
  const [current, setCurrent] = useState(0)
  const [opened, setOpened] = useState(threadId)
  if (threadId !== undefined && threadId !== opened) {
    setOpened(threadId)
    const position = list.indexOf(threadId)
    if (position >= 0) setCurrent(position)
  }
  return [current, setCurrent] as const
}

interface RowChange {
  row: ThreadRow
  what: Exclude<RowAct, 'open' | 'snooze'>
  changeMail: ReturnType<typeof useMail>['changeMail']
  archived: string
  trashed: string
}

function rowAct({ row, what, changeMail, archived, trashed }: RowChange): void {
  const chosen = { threadIds: [row.id] }
  if (what === 'star') void changeMail(chosen, { isFlagged: !row.isFlagged })
  else if (what === 'read') void changeMail(chosen, { isSeen: row.unread > 0 })
  else if (what === 'archive') void changeMail(chosen, { moveTo: 'archive' }, archived)
  else void changeMail(chosen, { moveTo: 'trash' }, trashed)
}

function Skeletons() {
  const { t } = useWords()
  return (
    <div className={classes.skeletons} aria-busy="true" role="status" aria-label={t('state.loading')}>
      {Array.from({ length: 14 }, (_, row) => (
        <div key={row} className={classes.skeleton} />
      ))}
    </div>
  )
}
