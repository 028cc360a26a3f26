/** A part of a page with a heading of its own. */
import { Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useId, type ReactNode } from 'react'
import classes from './section.module.css'

export interface SectionProps {
  title: string
  text?: ReactNode
  actions?: ReactNode
  children?: ReactNode
}

export function Section({ title, text, actions, children }: SectionProps) {
  const id = useId()
  return (
    <Paper component="section" withBorder p="md" aria-labelledby={id} mb="md">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={2} flex="1 1 16rem">
          <Title order={2} id={id}>
            {title}
          </Title>
          {text && (
            <Text size="sm" c="dimmed" component="div">
              {text}
            </Text>
          )}
        </Stack>
        {actions}
      </Group>
      <div className={classes.content}>{children}</div>
    </Paper>
  )
}
