import { Badge, Drawer, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { useWords } from '#web/app/language.tsx'
import { Facts } from '#web/features/admin/Facts.tsx'
import { sizeText } from '#web/features/mail/conversation/size-text.ts'
import type { Queued } from './QueuePage.tsx'

export interface QueuedDrawerProps {
  queued: Queued
  onClose: () => void
  /** What can be done with it. */
  children: ReactNode
}

export function QueuedDrawer({ queued, onClose, children }: QueuedDrawerProps) {
  const words = useWords()
  const { t, dateTime, number } = words
  const { domain, sender, sizeBytes, attempts, nextAttemptAt, createdAt, isSuspended, lastAnswer } = queued
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={t('queue.message')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <Stack>
        {children}
        <Facts
          facts={[
            [t('queue.domain'), domain],
            [t('compose.from'), sender || t('queue.noSender')],
            [t('queue.size'), sizeText(words, sizeBytes)],
            [t('queue.since'), dateTime(createdAt)],
            [t('queue.attempts'), number(attempts)],
            [t('queue.next'), isSuspended ? t('queue.held') : dateTime(nextAttemptAt)],
            lastAnswer !== null && [t('queue.lastAnswer'), <Answer key="answer" text={lastAnswer} />],
          ]}
        />
        <Title order={2} size="h3">
          {t('queue.recipients')}
        </Title>
        {queued.recipients.map(({ address, state, server, answer, tls, attempts, changedAt }) => (
          <Stack key={address} gap={4}>
            <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
              {address}{' '}
              <Badge variant="outline" tt="none" fw={500}>
                {t(`queue.state.${state}`)}
              </Badge>
            </Text>
            <Facts
              facts={[
                [t('queue.attempts'), number(attempts)],
                [t('queue.changedAt'), dateTime(changedAt)],
                server !== null && [t('queue.server'), server],
                server !== null && ['TLS', tls ?? t('queue.noTls')],
                answer !== null && [t('queue.lastAnswer'), <Answer key="answer" text={answer} />],
              ]}
            />
          </Stack>
        ))}
      </Stack>
    </Drawer>
  )
}

function Answer({ text }: { text: string }) {
  return (
    <Text size="xs" ff="monospace" component="span">
      {text}
    </Text>
  )
}
