/** What a page shows instead of its content: nothing yet, nothing at all, or a failure. */
import { Button, Center, Skeleton, Stack, Text, Title } from '@mantine/core'
import { CircleAlert, Inbox, RotateCw, type LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { useFailureText } from './failure.ts'
import { useWords } from '#web/app/language.tsx'

export interface EmptyProps {
  icon?: LucideIcon
  title: string
  /** What the list is for, or how something comes into it. */
  text?: string
  /** In a part of a page. */
  isSmall?: boolean
  /** What to do about it: a button or link. */
  children?: ReactNode
}

export function Empty({ icon: Icon = Inbox, title, text, isSmall = false, children }: EmptyProps) {
  return (
    <Center mih={isSmall ? 0 : 220} p={isSmall ? 'sm' : 'lg'}>
      <Stack align="center" gap="xs" maw={420} ta="center">
        <Icon size={32} strokeWidth={1.5} color="var(--mantine-color-dimmed)" aria-hidden />
        <Text fw={600}>{title}</Text>
        {text && (
          <Text size="sm" c="dimmed">
            {text}
          </Text>
        )}
        {children}
      </Stack>
    </Center>
  )
}

export interface FailedProps {
  error: unknown
  onRetry?: (() => void) | undefined
}

export function Failed({ error, onRetry }: FailedProps) {
  const { t } = useWords()
  const failureText = useFailureText()
  return (
    <Center mih={220} p="lg" role="alert">
      <Stack align="center" gap="xs" maw={460} ta="center">
        <CircleAlert size={32} strokeWidth={1.5} color="var(--mantine-color-error)" aria-hidden />
        <Title order={2} size="h3">
          {t('state.failed')}
        </Title>
        <Text size="sm" c="dimmed">
          {failureText(error)}
        </Text>
        {onRetry && (
          <Button variant="default" mt="xs" leftSection={<RotateCw size={16} />} onClick={onRetry}>
            {t('action.retry')}
          </Button>
        )}
      </Stack>
    </Center>
  )
}

/** Grey lines in the shape of a list. */
export function Loading({ rows = 4 }: { rows?: number }) {
  const { t } = useWords()
  return (
    <Stack gap="sm" aria-busy="true" aria-label={t('state.loading')} role="status">
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={36} radius="sm" />
      ))}
    </Stack>
  )
}
