import { Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { usePageTitle } from '#web/ui/page-title.ts'

export function EntryTitle({ title, text }: { title: string; text?: ReactNode }) {
  usePageTitle(title)
  return (
    <Stack gap={4} mb="lg">
      <Title order={1} size="h2" fz="1.35rem">
        {title}
      </Title>
      {text && (
        <Text size="sm" c="dimmed">
          {text}
        </Text>
      )}
    </Stack>
  )
}
