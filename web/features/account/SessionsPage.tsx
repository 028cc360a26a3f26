/** Where the person is signed in. */
import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Monitor, Smartphone } from 'lucide-react'
import type { OutputOf } from '#contracts/client.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf, useCommand } from '#web/app/queries.ts'
import { List } from '#web/ui/List.tsx'
import { showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Empty } from '#web/ui/states.tsx'

type ShownSession = OutputOf<typeof identity.calls.listSessions>['items'][number]

export function SessionsPage() {
  const { t, counted } = useWords()
  const notifyFailure = useFailureNotice()
  const sessions = useQuery({
    ...queryOf(identity.calls.listSessions, {}),
    select: ({ items }) => items,
  })
  const end = useCommand(identity.calls.endSessions, {
    refreshes: [identity.calls.listSessions],
    onDone: ({ ended }) => showNotice(counted('sessions.ended', ended)),
  })
  const hasOthers = sessions.data?.some(({ isCurrent }) => !isCurrent)
  const endOthers = (
    <Button
      variant="default"
      loading={end.isPending}
      onClick={() => end.mutate({ exceptCurrent: true }, { onError: notifyFailure })}
    >
      {t('sessions.endOthers')}
    </Button>
  )
  return (
    <Page title={t('account.sessions')} text={t('sessions.text')} actions={hasOthers && endOthers}>
      <List query={sessions} empty={<Empty title={t('sessions.none')} />}>
        {(items) => (
          <Stack gap="sm" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
            {items.map((session) => (
              <SessionRow
                key={session.id}
                session={session}
                isPending={end.isPending}
                onEnd={() => end.mutate({ id: session.id }, { onError: notifyFailure })}
              />
            ))}
          </Stack>
        )}
      </List>
    </Page>
  )
}

interface SessionRowProps {
  session: ShownSession
  isPending: boolean
  onEnd: () => void
}

function SessionRow({ session, isPending, onEnd }: SessionRowProps) {
  const { t, ago, date, language } = useWords()
  const { device, address, country, createdAt, lastUsedAt, isCurrent } = session
  const Icon = /Android|iOS|iPhone|iPad/.test(device) ? Smartphone : Monitor
  const place = country && new Intl.DisplayNames(language, { type: 'region' }).of(country)
  return (
    <Paper component="li" withBorder p="md">
      <Group wrap="nowrap" align="flex-start">
        <Icon size={24} strokeWidth={1.5} color="var(--mantine-color-dimmed)" aria-hidden />
        <Stack gap={2} flex={1} miw={0}>
          <Group gap="xs">
            <Text fw={600}>{device}</Text>
            {isCurrent && (
              <Badge variant="light" tt="none" fw={500}>
                {t('sessions.current')}
              </Badge>
            )}
          </Group>
          <Text size="sm" c="dimmed">
            {place ? `${place} · ${address}` : address}
          </Text>
          <Text size="sm" c="dimmed">
            {t('sessions.times', { used: ago(lastUsedAt), begun: date(createdAt) })}
          </Text>
        </Stack>
        {!isCurrent && (
          <Button
            variant="default"
            size="xs"
            disabled={isPending}
            onClick={onEnd}
            aria-label={t('sessions.endNamed', { device })}
          >
            {t('sessions.end')}
          </Button>
        )}
      </Group>
    </Paper>
  )
}
