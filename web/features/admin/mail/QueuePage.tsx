/** Mail on its way to other servers. */
import { Badge, Button, Group, Menu, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { ChevronDown, MailCheck } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { pagesOf, useCommand } from '#web/app/queries.ts'
import { DataTable } from '#web/ui/DataTable.tsx'
import { List } from '#web/ui/List.tsx'
import { showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Question } from '#web/ui/Question.tsx'
import { Empty } from '#web/ui/states.tsx'
import { QueuedDrawer } from './QueuedDrawer.tsx'

export type Queued = OutputOf<typeof mail.calls.listQueue>['items'][number]

/** It changes by itself. */
const lookMs = 4000

export function QueuePage() {
  const { t } = useWords()
  const { domain } = useSearch({ from: '/shell/admin/mail/queue' })
  const [shown, setShown] = useState<string>()
  const queue = useInfiniteQuery({
    ...pagesOf(mail.calls.listQueue, domain ? { domain } : {}),
    refetchInterval: lookMs,
  })
  const open = queue.data?.find((one) => keyOf(one) === shown)
  return (
    <Page title={t('mailAdmin.queue')} text={t('queue.text')} width="wide">
      <Stack>
        <Group align="flex-end" gap="sm">
          <DomainFilter />
          {queue.data && queue.data.length > 0 && <Deeds {...(domain && { domain })} />}
        </Group>
        <List
          query={queue}
          empty={<Empty icon={MailCheck} title={t('queue.none')} text={t('queue.noneText')} />}
        >
          {(items) => <QueueTable queued={items} onOpen={(one) => setShown(keyOf(one))} />}
        </List>
      </Stack>
      {open && (
        <QueuedDrawer queued={open} onClose={() => setShown(undefined)}>
          <Deeds id={open.id} />
        </QueuedDrawer>
      )}
    </Page>
  )
}

function keyOf({ id, domain }: Queued): string {
  return `${id} ${domain}`
}

function DomainFilter() {
  const { t } = useWords()
  const { domain = '' } = useSearch({ from: '/shell/admin/mail/queue' })
  const navigate = useNavigate({ from: '/admin/mail/queue' })
  const [text, setText] = useState(domain)
  useEffect(() => setText(domain), [domain])
  const go = useDebouncedCallback((domain: string) => {
    void navigate({ search: domain === '' ? {} : { domain }, replace: true })
  }, 400)
  return (
    <TextInput
      label={t('queue.domain')}
      placeholder="example.com"
      autoComplete="off"
      value={text}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value)
        go(currentTarget.value.trim().toLowerCase())
      }}
    />
  )
}

const deeds = ['retry', 'suspend', 'resume', 'cancel'] as const

/** For one message, a domain, or without either for everything. */
function Deeds({ id, domain }: { id?: string; domain?: string }) {
  const { t, counted } = useWords()
  const notifyFailure = useFailureNotice()
  const [isAsked, setAsked] = useState(false)
  const change = useCommand(mail.calls.changeQueue, {
    refreshes: [mail.calls.listQueue],
    onDone: ({ messages }) => showNotice(counted('queue.changed', messages)),
  })
  const target = { ...(id !== undefined && { id }), ...(domain !== undefined && { domain }) }
  const label = id !== undefined ? t('queue.act') : domain ? t('queue.actDomain') : t('queue.actAll')
  return (
    <>
      <Menu position="bottom-start" withArrow>
        <Menu.Target>
          <Button variant="default" loading={change.isPending} rightSection={<ChevronDown size={16} />}>
            {label}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {deeds.map((action) => (
            <Menu.Item
              key={action}
              {...(action === 'cancel' && { color: 'red' })}
              onClick={() =>
                action === 'cancel'
                  ? setAsked(true)
                  : change.mutate({ ...target, action }, { onError: notifyFailure })
              }
            >
              {t(`queue.${action}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {isAsked && (
        <Question
          title={t('queue.cancelTitle')}
          action={t('queue.cancel')}
          onConfirm={() => change.mutateAsync({ ...target, action: 'cancel' })}
          onClose={() => setAsked(false)}
        >
          <Text size="sm">{id !== undefined ? t('queue.cancelOne') : t('queue.cancelMany')}</Text>
        </Question>
      )}
    </>
  )
}

interface QueueTableProps {
  queued: readonly Queued[]
  onOpen: (queued: Queued) => void
}

function QueueTable({ queued, onOpen }: QueueTableProps) {
  const { t, ago, number, dateTime } = useWords()
  return (
    <DataTable
      label={t('mailAdmin.queue')}
      items={queued}
      keyOf={keyOf}
      columns={[
        {
          label: t('queue.to'),
          cell: (one) => (
            <Stack gap={0} style={{ overflowWrap: 'anywhere' }}>
              <Text size="sm" fw={500}>
                {one.domain}
              </Text>
              <Text size="xs" c="dimmed">
                {one.recipients.map(({ address }) => address).join(', ')}
              </Text>
            </Stack>
          ),
        },
        { label: t('compose.from'), cell: ({ sender }) => sender || t('queue.noSender') },
        { label: t('queue.since'), cell: ({ createdAt }) => ago(createdAt) },
        { label: t('queue.attempts'), cell: ({ attempts }) => number(attempts) },
        {
          label: t('queue.next'),
          cell: ({ nextAttemptAt, isSuspended }) =>
            isSuspended ? (
              <Badge variant="light" color="yellow" c="inherit" tt="none" fw={500}>
                {t('queue.held')}
              </Badge>
            ) : (
              dateTime(nextAttemptAt)
            ),
        },
        {
          label: t('queue.lastAnswer'),
          cell: ({ lastAnswer }) => (
            <Text size="xs" ff="monospace" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
              {lastAnswer ?? '–'}
            </Text>
          ),
        },
        {
          label: t('queue.show'),
          isLabelHidden: true,
          align: 'end',
          cell: (one) => (
            <Button
              size="xs"
              variant="default"
              aria-label={t('queue.showNamed', { domain: one.domain })}
              onClick={() => onOpen(one)}
            >
              {t('queue.show')}
            </Button>
          ),
        },
      ]}
    />
  )
}
