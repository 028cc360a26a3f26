/** A page of the shell: its heading, what can be done there, its content. */
import { Box, Group, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { usePageTitle } from './page-title.ts'

export interface PageProps {
  title: string
  text?: string
  /** Buttons beside the heading. */
  actions?: ReactNode
  /** `form` is as wide as lines are read well, `wide` for tables and charts. */
  width?: 'form' | 'wide'
  children: ReactNode
}

export function Page({ title, text, actions, width = 'form', children }: PageProps) {
  usePageTitle(title)
  return (
    <Box maw={width === 'form' ? 720 : 1280}>
      <Group justify="space-between" align="flex-start" mb="lg" gap="sm">
        <Stack gap={2}>
          <Title order={1}>{title}</Title>
          {text && <Text c="dimmed">{text}</Text>}
        </Stack>
        {actions}
      </Group>
      {children}
    </Box>
  )
}
