/** One dead letter with what it carries. */
import { Code, Drawer, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { bus } from '#contracts/bus.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { Facts } from '#web/features/admin/Facts.tsx'
import { useTimes } from '#web/features/admin/times.ts'
import { Failed, Loading } from '#web/ui/states.tsx'

export interface DeadLetterDrawerProps {
  id: string
  onClose: () => void
  /** What can be done with it. */
  children: ReactNode
}

export function DeadLetterDrawer({ id, onClose, children }: DeadLetterDrawerProps) {
  const { t, number } = useWords()
  const { exact } = useTimes()
  const shown = useQuery(queryOf(bus.calls.showDeadLetter, { id }))
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={t('deadLetters.letter')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      {shown.isPending ? (
        <Loading />
      ) : shown.isError ? (
        <Failed error={shown.error} onRetry={() => void shown.refetch()} />
      ) : (
        <Stack>
          <Facts
            facts={[
              [t('deadLetters.event'), shown.data.event],
              [t('deadLetters.subscription'), shown.data.subscription],
              [t('deadLetters.key'), shown.data.routingKey],
              [t('outbox.tries'), number(shown.data.attempts)],
              [t('deadLetters.published'), exact(shown.data.publishedAt)],
              [t('deadLetters.died'), exact(shown.data.diedAt)],
            ]}
          />
          <Text fw={600}>{t('deadLetters.error')}</Text>
          <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {shown.data.error}
          </Code>
          <Text fw={600}>{t('deadLetters.payload')}</Text>
          <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {JSON.stringify(shown.data.payload, null, 2)}
          </Code>
          {children}
        </Stack>
      )}
    </Drawer>
  )
}
