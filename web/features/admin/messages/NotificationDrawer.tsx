/** One notification: what it says, and what became of it. */
import { Button, Drawer, Paper, SegmentedControl, Stack, Text, Timeline } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import { useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { notifications } from '#contracts/notifications.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf, useCommand } from '#web/app/queries.ts'
import { Facts } from '#web/features/admin/Facts.tsx'
import { useTimes } from '#web/features/admin/times.ts'
import { LinkAnchor } from '#web/ui/LinkAnchor.tsx'
import { showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { SandboxedHtml } from '#web/ui/SandboxedHtml.tsx'
import { Failed, Loading } from '#web/ui/states.tsx'
import { StateBadge } from './NotificationTable.tsx'

type Shown = OutputOf<typeof notifications.calls.showNotification>

export function NotificationDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useWords()
  const shown = useQuery(queryOf(notifications.calls.showNotification, { id }))
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={t('outbox.message')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      {shown.isPending ? (
        <Loading />
      ) : shown.isError ? (
        <Failed error={shown.error} onRetry={() => void shown.refetch()} />
      ) : (
        <Stack gap="lg">
          <About notification={shown.data} />
          <Content rendering={shown.data.rendering} />
          <History history={shown.data.history} />
        </Stack>
      )}
    </Drawer>
  )
}

function About({ notification }: { notification: Shown }) {
  const { t } = useWords()
  const notifyFailure = useFailureNotice()
  const { id, recipient, accountId, channel, template, language, topic, state } = notification
  const retry = useCommand(notifications.calls.retryNotification, {
    refreshes: [notifications.calls.listNotifications, notifications.calls.showNotification],
    onDone: () => showNotice(t('outbox.retried')),
  })
  return (
    <Stack gap="sm">
      <Facts
        facts={[
          [t('admin.state'), <StateBadge key="state" state={state} />],
          [t('outbox.recipient'), recipient ?? t('outbox.noRecipient')],
          accountId !== null && [
            t('admin.account'),
            <LinkAnchor key="account" to="/admin/accounts/$accountId" params={{ accountId }} size="sm">
              {t('outbox.toAccount')}
            </LinkAnchor>,
          ],
          [t('outbox.channel'), t(`channel.${channel}`)],
          [t('outbox.template'), `${template} · ${language} · ${t(`topic.${topic}`)}`],
        ]}
      />
      {(state === 'failed' || state === 'kept') && (
        <Button
          variant="default"
          leftSection={<RotateCw size={16} />}
          loading={retry.isPending}
          onClick={() => retry.mutate({ id }, { onError: notifyFailure })}
          style={{ alignSelf: 'flex-start' }}
        >
          {t('outbox.retry')}
        </Button>
      )}
    </Stack>
  )
}

function Content({ rendering }: Pick<Shown, 'rendering'>) {
  const { t } = useWords()
  const [wished, setView] = useState<'html' | 'text'>('html')
  if (rendering === null)
    return (
      <Text size="sm" c="dimmed">
        {t('outbox.noRendering')}
      </Text>
    )
  const { subject, text, html } = rendering
  const view = html === null ? 'text' : wished
  return (
    <Stack gap="sm">
      {subject !== null && <Text fw={600}>{subject}</Text>}
      {html !== null && (
        <SegmentedControl
          aria-label={t('outbox.view')}
          size="xs"
          value={view}
          onChange={(value) => setView(value as 'html' | 'text')}
          data={[
            { value: 'html', label: t('outbox.html') },
            { value: 'text', label: t('outbox.plain') },
          ]}
          style={{ alignSelf: 'flex-start' }}
        />
      )}
      {view === 'html' ? (
        <SandboxedHtml html={html!} title={subject ?? t('outbox.message')} />
      ) : (
        <Paper
          withBorder
          p="sm"
          ff="monospace"
          fz="sm"
          style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
        >
          {text}
        </Paper>
      )}
    </Stack>
  )
}

function History({ history }: Pick<Shown, 'history'>) {
  const { t } = useWords()
  const { exact } = useTimes()
  return (
    <Stack gap="sm">
      <Text fw={600}>{t('outbox.history')}</Text>
      <Timeline active={history.length - 1} bulletSize={14} lineWidth={2}>
        {history.map(({ state, at, detail }, index) => (
          <Timeline.Item key={index} title={t(`sent.${state}`)}>
            <Text size="xs" c="dimmed">
              {exact(at)}
            </Text>
            {detail !== null && (
              <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                {detail}
              </Text>
            )}
          </Timeline.Item>
        ))}
      </Timeline>
    </Stack>
  )
}
