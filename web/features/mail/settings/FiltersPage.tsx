/** What is done with mail as it comes. */
import { Button, Code, Group, Stack, Switch, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Filter as FilterIcon, Plus } from 'lucide-react'
import { useState } from 'react'
import { v7 } from 'uuid'
import type { Filter } from '#contracts/mail/settings.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf, useCommand } from '#web/app/queries.ts'
import { DataTable } from '#web/ui/DataTable.tsx'
import { List } from '#web/ui/List.tsx'
import { offerAction, useFailureNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Empty } from '#web/ui/states.tsx'
import { useActionText } from './filter-actions.ts'
import { FilterDialog } from './FilterDialog.tsx'
import { useApplication } from './filter-application.ts'

const refreshes = [mail.calls.listFilters]

export function FiltersPage() {
  const { t } = useWords()
  const { query } = useSearch({ from: '/shell/mail/settings/filters' })
  const navigate = useNavigate({ from: '/mail/settings/filters' })
  const [edited, setEdited] = useState<Filter>()
  const filters = useQuery({ ...queryOf(mail.calls.listFilters, {}), select: ({ items }) => items })
  const add = (
    <Button leftSection={<Plus size={16} />} onClick={() => setEdited(newFilter())}>
      {t('filters.add')}
    </Button>
  )
  const close = () => {
    setEdited(undefined)
    if (query !== undefined) void navigate({ search: {}, replace: true })
  }
  const open = edited ?? (query === undefined ? undefined : newFilter(query))
  return (
    <Page
      title={t('mailSettings.filters')}
      text={t('filters.text')}
      actions={filters.data?.length ? add : undefined}
      width="wide"
    >
      <List
        query={filters}
        empty={
          <Empty icon={FilterIcon} title={t('filters.none')} text={t('filters.noneText')}>
            {add}
          </Empty>
        }
      >
        {(items) => <FilterTable filters={items} onEdit={setEdited} />}
      </List>
      {open && <FilterDialog key={query} filter={open} onClose={close} />}
    </Page>
  )
}

function newFilter(query = ''): Filter {
  const actions = {
    archive: false,
    markSeen: false,
    flag: false,
    labelIds: [],
    category: null,
    moveTo: null,
    neverSpam: false,
    forwardTo: null,
  }
  return { id: v7(), query, actions, isOn: true }
}

interface FilterTableProps {
  filters: readonly Filter[]
  onEdit: (filter: Filter) => void
}

function FilterTable({ filters, onEdit }: FilterTableProps) {
  const { t } = useWords()
  const actionText = useActionText()
  return (
    <DataTable
      label={t('mailSettings.filters')}
      items={filters}
      keyOf={({ id }) => id}
      columns={[
        {
          label: t('filters.which'),
          cell: ({ query }) => <Code style={{ overflowWrap: 'anywhere' }}>{query}</Code>,
        },
        {
          label: t('filters.then'),
          cell: ({ actions }) => (
            <Stack gap={0}>
              {actionText(actions).map((text) => (
                <Text key={text} size="sm">
                  {text}
                </Text>
              ))}
            </Stack>
          ),
        },
        { label: t('filters.on'), cell: (filter) => <OnSwitch filter={filter} /> },
        {
          label: t('filters.change'),
          isLabelHidden: true,
          align: 'end',
          cell: (filter) => <Deeds filter={filter} onEdit={() => onEdit(filter)} />,
        },
      ]}
    />
  )
}

function OnSwitch({ filter: { id, query, actions, isOn } }: { filter: Filter }) {
  const { t } = useWords()
  const notifyFailure = useFailureNotice()
  const save = useCommand(mail.calls.saveFilter, { refreshes })
  return (
    <Switch
      aria-label={t('filters.onNamed', { query })}
      checked={isOn}
      disabled={save.isPending}
      onChange={({ currentTarget }) =>
        save.mutate({ filterId: id, query, actions, isOn: currentTarget.checked }, { onError: notifyFailure })
      }
    />
  )
}

function Deeds({ filter, onEdit }: { filter: Filter; onEdit: () => void }) {
  const { t } = useWords()
  const { id: filterId, query, actions, isOn } = filter
  const notifyFailure = useFailureNotice()
  const application = useApplication()
  const restore = useCommand(mail.calls.saveFilter, { refreshes })
  const remove = useCommand(mail.calls.deleteFilter, {
    refreshes,
    onDone: () =>
      offerAction(t('filters.removed'), {
        label: t('compose.undo'),
        act: () => restore.mutate({ filterId, query, actions, isOn }, { onError: notifyFailure }),
      }),
  })
  return (
    <Group gap="xs" justify="flex-end" wrap="nowrap">
      <Button
        size="xs"
        variant="default"
        loading={application.isPending}
        aria-label={t('filters.applyNamed', { query })}
        onClick={() => application.apply(filterId)}
      >
        {t('filters.apply')}
      </Button>
      <Button size="xs" variant="default" aria-label={t('filters.changeNamed', { query })} onClick={onEdit}>
        {t('filters.change')}
      </Button>
      <Button
        size="xs"
        variant="default"
        loading={remove.isPending}
        aria-label={t('filters.removeNamed', { query })}
        onClick={() => remove.mutate({ filterId }, { onError: notifyFailure })}
      >
        {t('filters.remove')}
      </Button>
    </Group>
  )
}
