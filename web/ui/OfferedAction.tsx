import { Button, Group, Text } from '@mantine/core'

export interface OfferedActionProps {
  message: string
  label: string
  onTake: () => void
}

/** A notice, and what can be done about it. */
export function OfferedAction({ message, label, onTake }: OfferedActionProps) {
  return (
    <Group justify="space-between" wrap="nowrap" gap="sm">
      <Text size="sm" component="span">
        {message}
      </Text>
      <Button variant="subtle" size="compact-sm" onClick={onTake} style={{ flexShrink: 0 }}>
        {label}
      </Button>
    </Group>
  )
}
