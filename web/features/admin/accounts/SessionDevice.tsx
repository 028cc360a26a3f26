import { Group, Stack, Text } from '@mantine/core'
import { Monitor, Smartphone } from 'lucide-react'
import { useWords } from '#web/app/language.tsx'

export interface SessionDeviceProps {
  session: { device: string; address: string; country: string | null }
}

export function SessionDevice({ session: { device, address, country } }: SessionDeviceProps) {
  const { language } = useWords()
  const Icon = /Android|iOS|iPhone|iPad/.test(device) ? Smartphone : Monitor
  const place = country && new Intl.DisplayNames(language, { type: 'region' }).of(country)
  return (
    <Group gap="sm" wrap="nowrap">
      <Icon size={20} strokeWidth={1.5} color="var(--mantine-color-dimmed)" aria-hidden />
      <Stack gap={0}>
        <Text size="sm" fw={500}>
          {device}
        </Text>
        <Text size="xs" c="dimmed">
          {place ? `${place} · ${address}` : address}
        </Text>
      </Stack>
    </Group>
  )
}
