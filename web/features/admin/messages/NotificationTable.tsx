import { Badge, Group, Text } from '@mantine/core'
import { Bell, Mail, MessageSquare } from 'lucide-react'
import type { OutputOf } from '#contracts/client.ts'
import type { NotificationState, notifications } from '#contracts/notifications.ts'
import { useWords } from '#web/app/language.tsx'
import { useTimes } from '#web/features/admin/times.ts'
import { LinkAnchor } from '#web/ui/LinkAnchor.tsx'
import { DataTable } from '#web/ui/DataTable.tsx'

export type Notification = OutputOf<typeof notifications.calls.listNotifications>['items'][number]

export function NotificationTable({ notifications }: { notifications: readonly Notification[] }) {
  const { t, number } = useWords()
  const { exact } = useTimes()
  return (
    <DataTable
      label={t('admin.outbox')}
      items={notifications}
      keyOf={({ id }) => id}
      columns={[
        { label: t('outbox.recipient'), cell: (one) => <Recipient {...one} /> },
        {
          label: t('outbox.template'),
          cell: ({ template, language }) => (
            <>
              <Text span size="sm" ff="monospace">
                {template}
              </Text>{' '}
              <Text span size="xs" c="dimmed">
                {language}
              </Text>
            </>
          ),
        },
        { label: t('admin.state'), cell: ({ state }) => <StateBadge state={state} /> },
        { label: t('outbox.tries'), cell: ({ attempts }) => number(attempts) },
        { label: t('outbox.made'), cell: ({ createdAt }) => exact(createdAt) },
      ]}
    />
  )
}

const icons = { email: Mail, sms: MessageSquare, push: Bell } as const

function Recipient({ id, channel, recipient }: Notification) {
  const { t } = useWords()
  const Icon = icons[channel]
  return (
    <Group gap="sm" wrap="nowrap">
      <Icon
        size={18}
        strokeWidth={1.5}
        color="var(--mantine-color-dimmed)"
        role="img"
        aria-label={t(`channel.${channel}`)}
      />
      <LinkAnchor
        to="/admin/outbox"
        from="/admin/outbox"
        search={(before) => ({ ...before, id })}
        fw={500}
        style={{ overflowWrap: 'anywhere' }}
      >
        {recipient ?? t('outbox.noRecipient')}
      </LinkAnchor>
    </Group>
  )
}

const colors = {
  queued: 'gray',
  sending: 'blue',
  delivered: 'green',
  skipped: 'gray',
  kept: 'yellow',
  failed: 'red',
} as const

export function StateBadge({ state }: { state: (typeof NotificationState.options)[number] }) {
  const { t } = useWords()
  return (
    <Badge variant="dot" color={colors[state]} tt="none" fw={500}>
      {t(`sent.${state}`)}
    </Badge>
  )
}
