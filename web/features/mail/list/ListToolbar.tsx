/** Above a list: what is chosen and can be done with it, or what the list is. */
import { ActionIcon, Button, Checkbox, Menu, Text, Tooltip } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { ChevronDown, RotateCw } from 'lucide-react'
import { useMemo, useState } from 'react'
import { mail } from '#contracts/mail.ts'
import type { ThreadRow } from '#contracts/mail/messages.ts'
import { useWords } from '#web/app/language.tsx'
import { perform } from '#web/app/queries.ts'
import { Question } from '#web/ui/Question.tsx'
import { ThreadToolbar, useToolbarKeys, type OpenMenu } from '../actions/ThreadToolbar.tsx'
import { useThreadActions, type ActionTarget } from '../actions/thread-actions.ts'
import { mailboxesQuery } from '../mailboxes.ts'
import type { Place } from '../place.ts'
import classes from './list-page.module.css'
import { usePlaceQuery } from './place-name.ts'
import type { Selection } from './selection.ts'
import { listsKey, type ThreadList } from './thread-list.ts'

export interface ListToolbarProps {
  title: string
  place: Place
  list: ThreadList
  selection: Selection
  /** What keys and menus act on: what is chosen, else the current row. */
  rows: readonly ThreadRow[]
  menu: OpenMenu
  onMenu: (menu: OpenMenu) => void
  isCovered: boolean
}

export function ListToolbar({
  title,
  place,
  list,
  selection,
  rows,
  menu,
  onMenu,
  isCovered,
}: ListToolbarProps) {
  const { t, counted } = useWords()
  const query = usePlaceQuery(place)
  const queries = useQueryClient()
  const [asksFor, setAsksFor] = useState<'chosen' | 'junk' | 'trash'>()
  const isAll = selection.isEverything && query !== undefined
  const target = useMemo<ActionTarget>(() => {
    const chosen = isAll ? { query } : { threadIds: rows.map(({ id }) => id) }
    return { chosen, count: isAll ? list.count : rows.length, place, onLeave: selection.clear }
  }, [rows, place, isAll])
  const actions = useThreadActions(target)
  const onDeleteForever = () => setAsksFor('chosen')
  useToolbarKeys({ rows: isCovered ? [] : rows, place, actions, onDeleteForever, onMenu })
  const isChosen = selection.ids.size > 0 || menu !== undefined
  const bin =
    place.kind === 'mailbox' && (place.role === 'junk' || place.role === 'trash') ? place.role : undefined

  async function deleteForever(): Promise<void> {
    const input = asksFor === 'chosen' && !isAll ? { threadIds: rows.map(({ id }) => id) } : { all: bin }
    await perform(mail.calls.deleteMail, input)
    selection.clear()
    await queries.resetQueries({ queryKey: [...listsKey, list.source] })
    void queries.invalidateQueries({ queryKey: mailboxesQuery.queryKey })
  }

  return (
    <>
      <div className={classes.toolbar} role="toolbar" aria-label={t('mail.actions')}>
        <SelectBox list={list} selection={selection} />
        {isChosen ? (
          <>
            <ThreadToolbar
              rows={rows}
              place={place}
              actions={actions}
              onDeleteForever={onDeleteForever}
              menu={menu}
              onMenu={onMenu}
            />
            <Text size="sm" ml="auto" pl="sm" role="status" style={{ whiteSpace: 'nowrap' }}>
              {counted('mail.selected', isAll ? list.count : rows.length)}
            </Text>
          </>
        ) : (
          <>
            {/* The heading of the page is that of what lies over the list. */}
            {isCovered ? null : <h1 className={classes.title}>{title}</h1>}
            <Tooltip label={t('mail.refresh')}>
              <ActionIcon
                variant="subtle"
                color="gray"
                ml="auto"
                size={34}
                loading={list.query.isRefetching}
                aria-label={t('mail.refresh')}
                onClick={() => void queries.resetQueries({ queryKey: [...listsKey, list.source] })}
              >
                <RotateCw size={17} strokeWidth={1.75} />
              </ActionIcon>
            </Tooltip>
          </>
        )}
      </div>
      {query !== undefined && <EverythingNote list={list} selection={selection} />}
      {bin && list.count > 0 && !isChosen && (
        <div className={classes.note}>
          {t('mail.bin.text')}
          <Button variant="subtle" size="compact-sm" onClick={() => setAsksFor(bin)}>
            {t(`mail.bin.${bin}`)}
          </Button>
        </div>
      )}
      {asksFor && (
        <DeleteQuestion
          text={
            asksFor === 'chosen'
              ? counted('mail.deleteForever.text', rows.length)
              : t('mail.deleteForever.all')
          }
          onConfirm={deleteForever}
          onClose={() => setAsksFor(undefined)}
        />
      )}
    </>
  )
}

/** Offers what is not loaded too, when all that is loaded is chosen. */
function EverythingNote({ list, selection }: Pick<ListToolbarProps, 'list' | 'selection'>) {
  const { t, counted } = useWords()
  const { ids, isEverything } = selection
  if (ids.size < 2 || ids.size < list.count || !list.query.hasNextPage) return null
  return (
    <div className={classes.note} role="status">
      {isEverything ? t('mail.selected.everything') : counted('mail.selected.loaded', list.count)}
      <Button
        variant="subtle"
        size="compact-sm"
        onClick={isEverything ? selection.clear : selection.everything}
      >
        {isEverything ? t('mail.selected.clear') : t('mail.selected.all')}
      </Button>
    </div>
  )
}

interface DeleteQuestionProps {
  text: string
  onConfirm: () => Promise<void>
  onClose: () => void
}

function DeleteQuestion({ text, onConfirm, onClose }: DeleteQuestionProps) {
  const { t } = useWords()
  return (
    <Question
      title={t('mail.deleteForever.title')}
      action={t('mail.deleteForever')}
      onConfirm={onConfirm}
      onClose={onClose}
    >
      <Text size="sm">{text}</Text>
    </Question>
  )
}

function SelectBox({ list, selection }: Pick<ListToolbarProps, 'list' | 'selection'>) {
  const { t } = useWords()
  const isAll = selection.ids.size > 0 && selection.ids.size === list.count
  const choose = (fits: (row: ThreadRow) => boolean) =>
    selection.set(
      list.loadedIds().filter((_, position) => {
        const row = list.at(position)
        return row !== undefined && fits(row)
      }),
    )
  return (
    <>
      <Checkbox
        size="xs"
        ml={6}
        checked={isAll}
        indeterminate={selection.ids.size > 0 && !isAll}
        disabled={list.count === 0}
        aria-label={t('mail.select.all')}
        onChange={() => (selection.ids.size > 0 ? selection.clear() : choose(() => true))}
      />
      <Menu position="bottom-start" shadow="md">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={26} aria-label={t('mail.select.menu')}>
            <ChevronDown size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => choose(() => true)}>{t('mail.select.everything')}</Menu.Item>
          <Menu.Item onClick={selection.clear}>{t('mail.select.none')}</Menu.Item>
          <Menu.Item onClick={() => choose(({ unread }) => unread === 0)}>{t('mail.select.read')}</Menu.Item>
          <Menu.Item onClick={() => choose(({ unread }) => unread > 0)}>{t('mail.select.unread')}</Menu.Item>
          <Menu.Item onClick={() => choose(({ isFlagged }) => isFlagged)}>
            {t('mail.select.starred')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  )
}
