/** A list of conversations of any length: only the rows in sight are there (ARIA grid pattern). */
import { useVirtualizer } from '@tanstack/react-virtual'
import { useMediaQuery } from '@mantine/hooks'
import {
  memo,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type MouseEvent,
  type RefObject,
} from 'react'
import type { ThreadRow } from '#contracts/mail/messages.ts'
import { useWords } from '#web/app/language.tsx'
import { useMail } from '../mail-context.ts'
import { hrefOf, type Place } from '../place.ts'
import { RowActions } from './RowActions.tsx'
import type { Selection } from './selection.ts'
import { useSwipe } from './swipe.ts'
import { ThreadLine } from './ThreadLine.tsx'
import type { ThreadList } from './thread-list.ts'
import classes from './thread-table.module.css'

export type RowAct = 'open' | 'star' | 'archive' | 'trash' | 'read' | 'snooze'

export interface ThreadTableProps {
  label: string
  place: Place
  list: ThreadList
  selection: Selection
  /** Position that Tab and keys lead to. */
  current: number
  onCurrent: (position: number) => void
  onAct: (act: RowAct, row: ThreadRow) => void
  scroller: RefObject<HTMLDivElement | null>
  /** A conversation covers it. */
  isCovered: boolean
}

/** Rows that are made together, as many before and behind those in sight. */
const atOnce = 6
/** Rows that are loaded before they are reached. */
const loadAhead = 60

export function ThreadTable(props: ThreadTableProps) {
  const { label, place, list, selection, current, onCurrent, scroller, isCovered } = props
  const isNarrow = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false })
  const rowHeight = isNarrow ? 76 : 40
  const rows = useVirtualizer({
    count: list.count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 0,
    useFlushSync: false,
  })
  useEffect(() => rows.measure(), [rowHeight, rows])
  const items = rows.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  // Rows come and go a few at a time: between that a scroll changes nothing in the page.
  const from = Math.max(0, Math.floor((items[0]?.index ?? 0) / atOnce - 1) * atOnce)
  const to = Math.min(list.count, (Math.floor(last / atOnce) + 2) * atOnce)
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = list.query
  useEffect(() => {
    if (last > list.count - loadAhead && hasNextPage && !isFetchingNextPage && !isFetchNextPageError)
      void fetchNextPage()
  }, [last, list.count, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage])

  const latest = useRef(props)
  latest.current = props
  const [hovered, setHovered] = useState(-1)
  const onClick = useCallback((event: MouseEvent) => clicked(event, latest.current), [])
  const onKeyDown = useCallback((event: KeyboardEvent<HTMLElement>) => pressed(event, latest.current), [])
  useSwipe(scroller, (act, position) => {
    const row = latest.current.list.at(position)
    if (row) latest.current.onAct(act, row)
  })
  useFocusOnCurrent({
    scroller,
    current,
    isCovered,
    scrollTo: (at) => rows.scrollToIndex(at),
    count: list.count,
  })

  const hoveredRow = hovered >= 0 ? list.at(hovered) : undefined
  return (
    <div ref={scroller} className={classes.scroller} onPointerLeave={() => setHovered(-1)}>
      <div
        role="grid"
        aria-label={label}
        aria-rowcount={hasNextPage ? -1 : list.count}
        aria-multiselectable
        className={classes.grid}
        style={{ height: rows.getTotalSize(), ['--row-height' as string]: `${rowHeight}px` }}
        onClick={onClick}
        onKeyDown={onKeyDown}
        onPointerOver={(event) => event.pointerType === 'mouse' && setHovered(positionOf(event.target))}
        onFocus={(event) => {
          const position = positionOf(event.target)
          if (position >= 0) onCurrent(position)
        }}
      >
        <Lines
          from={from}
          to={to}
          rowHeight={rowHeight}
          place={place}
          list={list}
          selection={selection}
          current={current}
        />
      </div>
      {hoveredRow && !isNarrow && (
        <RowActions
          row={hoveredRow}
          top={hovered * rowHeight}
          height={rowHeight}
          place={place}
          isSelected={selection.isEverything || selection.ids.has(hoveredRow.id)}
          onAct={props.onAct}
        />
      )}
      <More query={list.query} />
    </div>
  )
}

interface LinesProps extends Pick<ThreadTableProps, 'place' | 'list' | 'selection' | 'current'> {
  from: number
  to: number
  rowHeight: number
}

/** The rows of a stretch, and the one that Tab leads to. */
const Lines = memo(function Lines({ from, to, rowHeight, place, list, selection, current }: LinesProps) {
  const { mailboxes } = useMail()
  const labels = useMemo(() => new Map(mailboxes.labels.map((one) => [one.id, one])), [mailboxes.labels])
  const showsInbox = place.kind !== 'mailbox' || place.role === 'all' || place.role === 'sent'
  const positions = Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at)
  if (current < from) positions.unshift(current)
  else if (current >= to) positions.push(current)
  return positions.map((position) => {
    const row = list.at(position)
    return (
      row && (
        <ThreadLine
          key={row.id}
          row={row}
          position={position}
          top={position * rowHeight}
          href={hrefOf(place, row.id)}
          isSelected={selection.isEverything || selection.ids.has(row.id)}
          isCurrent={position === current}
          labels={labels}
          hiddenLabel={place.kind === 'label' ? place.id : undefined}
          isInboxShown={showsInbox ? mailboxes.byRole.get('inbox')?.id : undefined}
        />
      )
    )
  })
})

/** At the end of what is loaded. */
function More({ query }: Pick<ThreadList, 'query'>) {
  const { t } = useWords()
  if (query.isFetchingNextPage)
    return (
      <div className={classes.more} role="status">
        {t('state.loading')}
      </div>
    )
  if (!query.isFetchNextPageError) return null
  return (
    <button type="button" className={classes.more} onClick={() => void query.fetchNextPage()}>
      {t('action.retry')}
    </button>
  )
}

function positionOf(target: EventTarget): number {
  const row = target instanceof Element ? target.closest('[data-position]') : null
  return row ? Number((row as HTMLElement).dataset.position) : -1
}

function clicked(event: MouseEvent, { list, selection, onAct }: ThreadTableProps): void {
  const row = list.at(positionOf(event.target))
  if (!row || !(event.target instanceof Element)) return
  const act = event.target.closest<HTMLElement>('[data-act]')?.dataset.act ?? 'open'
  if (act === 'select' || (act === 'open' && event.shiftKey)) {
    event.preventDefault()
    if (event.shiftKey) selection.extendTo(row.id)
    else selection.toggle(row.id)
  } else if (act === 'star') onAct('star', row)
  else if (event.ctrlKey || event.metaKey) {
    // The browser opens the link in a tab of its own.
    if (!event.target.closest('a')) selection.toggle(row.id)
  } else {
    event.preventDefault()
    onAct('open', row)
  }
}

const pageRows = 10

function pressed(event: KeyboardEvent<HTMLElement>, props: ThreadTableProps): void {
  const { list, selection, current, onCurrent, onAct } = props
  const row = list.at(current)
  const goTo = (position: number) => onCurrent(Math.max(0, Math.min(list.count - 1, position)))
  const acts: Partial<Record<string, () => void>> = {
    ArrowDown: () => goTo(current + 1),
    ArrowUp: () => goTo(current - 1),
    PageDown: () => goTo(current + pageRows),
    PageUp: () => goTo(current - pageRows),
    Home: () => goTo(0),
    End: () => goTo(list.count - 1),
    ArrowRight: () => focusWithin(event.currentTarget, current, 1),
    ArrowLeft: () => focusWithin(event.currentTarget, current, -1),
  }
  const isOnRow = event.target instanceof HTMLElement && event.target.getAttribute('role') === 'row'
  if (row && isOnRow) {
    acts.Enter = () => onAct('open', row)
    acts[' '] = () => selection.toggle(row.id)
  } else if (row && event.target instanceof HTMLElement && event.target.dataset.act === 'select')
    acts[' '] = () => selection.toggle(row.id)
  const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : acts[event.key]
  if (!act) return
  event.preventDefault()
  act()
}

/** To what can be done within a row, and back to it. */
function focusWithin(grid: HTMLElement, position: number, step: 1 | -1): void {
  const row = grid.querySelector<HTMLElement>(`[data-position="${position}"]`)
  if (!row) return
  const stops = [row, ...row.querySelectorAll<HTMLElement>('[data-act]')]
  const at = stops.indexOf(document.activeElement as HTMLElement)
  stops[Math.max(0, Math.min(stops.length - 1, at + step))]?.focus()
}

interface CurrentFocus {
  scroller: RefObject<HTMLDivElement | null>
  current: number
  count: number
  isCovered: boolean
  scrollTo: (position: number) => void
}

/** Keys move the focus with them, unless it is elsewhere on the page; a closed conversation leaves it on its row. */
function useFocusOnCurrent({ scroller, current, isCovered, scrollTo, count }: CurrentFocus): void {
  const wasCovered = useRef(isCovered)
  const shown = useRef(current)
  useEffect(() => {
    const wasJustCovered = wasCovered.current && !isCovered
    const hasMoved = shown.current !== current
    wasCovered.current = isCovered
    shown.current = current
    if (current < 0 || isCovered || count === 0 || !(wasJustCovered || hasMoved)) return
    scrollTo(current)
    const isElsewhere =
      document.activeElement !== document.body && !scroller.current?.contains(document.activeElement)
    if (isElsewhere && !wasJustCovered) return
    const frame = requestAnimationFrame(() => {
      const row = scroller.current?.querySelector<HTMLElement>(`[data-position="${current}"]`)
      if (row && !row.contains(document.activeElement)) row.focus({ preventScroll: true })
    })
    return () => cancelAnimationFrame(frame)
  }, [current, isCovered, count])
}
