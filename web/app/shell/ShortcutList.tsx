import { Group, Kbd, Modal, Stack, Text } from '@mantine/core'
import type { Account } from '#contracts/identity/account.ts'
import { useWords } from '#web/app/language.tsx'
import { parts } from '#web/features/parts.ts'

export interface ShortcutListProps {
  account: Account
  onClose: () => void
}

export function ShortcutList({ account, onClose }: ShortcutListProps) {
  const { t } = useWords()
  const rows = [
    { keys: ['Ctrl', 'K'], text: t('palette.open') },
    { keys: ['?'], text: t('shortcuts.title') },
    ...parts
      .filter((part) => part.mayUse(account))
      .map(({ shortcut, label }) => ({
        keys: ['g', shortcut],
        text: t('shortcuts.go', { place: t(label) }),
      })),
  ]
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('shortcuts.title')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <Stack gap="xs">
        {rows.map(({ keys, text }) => (
          <Group key={text} justify="space-between">
            <Text size="sm">{text}</Text>
            <Group gap={4}>
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </Group>
          </Group>
        ))}
      </Stack>
    </Modal>
  )
}
