/** Events that could not be handled: to look at, deliver again or remove. */
import { Button, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { CircleCheck, RotateCw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { bus } from '#contracts/bus.ts'
import { useWords } from '#web/app/language.tsx'
import { pagesOf, queryOf, useCommand } from '#web/app/queries.ts'
import { List } from '#web/ui/List.tsx'
import { showNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Question } from '#web/ui/Question.tsx'
import { Empty } from '#web/ui/states.tsx'
import { DeadLetterDrawer } from './DeadLetterDrawer.tsx'
import { DeadLetterTable } from './DeadLetterTable.tsx'

export function DeadLettersPage() {
  const { t } = useWords()
  const search = useSearch({ from: '/shell/admin/dead-letters' })
  const navigate = useNavigate({ from: '/admin/dead-letters' })
  const [chosen, setChosen] = useState<readonly string[]>([])
  const { subscription, id } = search
  const letters = useInfiniteQuery(pagesOf(bus.calls.listDeadLetters, subscription ? { subscription } : {}))
  const open = (id: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, id }) as typeof search })
  return (
    <Page title={t('admin.deadLetters')} text={t('deadLetters.text')} width="wide">
      <Stack>
        <Group align="flex-end" gap="sm">
          <SubscriptionFilter />
          {chosen.length > 0 && <Deeds ids={chosen} onDone={() => setChosen([])} />}
        </Group>
        <List
          query={letters}
          empty={<Empty icon={CircleCheck} title={t('deadLetters.none')} text={t('deadLetters.noneText')} />}
        >
          {(items) => <DeadLetterTable letters={items} chosen={chosen} onChoose={setChosen} onOpen={open} />}
        </List>
      </Stack>
      {id !== undefined && (
        <DeadLetterDrawer id={id} onClose={() => open(undefined)}>
          <Deeds ids={[id]} onDone={() => open(undefined)} />
        </DeadLetterDrawer>
      )}
    </Page>
  )
}

function SubscriptionFilter() {
  const { t } = useWords()
  const { subscription = '' } = useSearch({ from: '/shell/admin/dead-letters' })
  const navigate = useNavigate({ from: '/admin/dead-letters' })
  const queues = useQuery(queryOf(bus.calls.showQueues, {}))
  const names = queues.data?.queues.map(({ subscription }) => subscription) ?? []
  const known = [...new Set([...names, ...(subscription ? [subscription] : [])])].toSorted()
  return (
    <NativeSelect
      label={t('deadLetters.subscription')}
      value={subscription}
      onChange={({ currentTarget }) =>
        void navigate({
          search: currentTarget.value === '' ? {} : { subscription: currentTarget.value },
          replace: true,
        })
      }
      data={[{ value: '', label: t('admin.all') }, ...known]}
    />
  )
}

interface DeedsProps {
  ids: readonly string[]
  onDone: () => void
}

function Deeds({ ids, onDone }: DeedsProps) {
  const { t, counted } = useWords()
  const [asked, setAsked] = useState<'replay' | 'discard'>()
  const refreshes = [bus.calls.listDeadLetters, bus.calls.showQueues]
  const done = (key: 'deadLetters.replayed' | 'deadLetters.discarded') => ({
    refreshes,
    onDone({ found }: { found: number }) {
      showNotice(counted(key, found))
      onDone()
    },
  })
  const replay = useCommand(bus.calls.replayDeadLetters, done('deadLetters.replayed'))
  const discard = useCommand(bus.calls.discardDeadLetters, done('deadLetters.discarded'))
  const deed = asked === 'replay' ? replay : discard
  return (
    <Group gap="xs">
      <Button leftSection={<RotateCw size={16} />} onClick={() => setAsked('replay')}>
        {counted('deadLetters.replay', ids.length)}
      </Button>
      <Button
        color="red"
        variant="outline"
        leftSection={<Trash2 size={16} />}
        onClick={() => setAsked('discard')}
      >
        {counted('deadLetters.discard', ids.length)}
      </Button>
      {asked && (
        <Question
          title={counted(`deadLetters.${asked}`, ids.length)}
          action={counted(`deadLetters.${asked}`, ids.length)}
          onConfirm={() => deed.mutateAsync({ ids: [...ids] })}
          onClose={() => setAsked(undefined)}
        >
          <Text size="sm">{t(`deadLetters.${asked}Text`)}</Text>
        </Question>
      )}
    </Group>
  )
}
