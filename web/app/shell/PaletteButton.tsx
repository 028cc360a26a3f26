import { ActionIcon, Button, Kbd } from '@mantine/core'
import { Search } from 'lucide-react'
import { useWords } from '#web/app/language.tsx'

export function PaletteButton({ onOpen }: { onOpen: () => void }) {
  const { t } = useWords()
  return (
    <>
      <Button
        visibleFrom="sm"
        variant="default"
        size="xs"
        fw={400}
        leftSection={<Search size={14} aria-hidden />}
        rightSection={<Kbd size="xs">{isMac ? '⌘' : 'Ctrl'} K</Kbd>}
        onClick={onOpen}
      >
        {t('palette.open')}
      </Button>
      <ActionIcon hiddenFrom="sm" variant="default" size="lg" onClick={onOpen} aria-label={t('palette.open')}>
        <Search size={16} />
      </ActionIcon>
    </>
  )
}

const isMac = /Mac|iP(hone|ad)/.test(navigator.userAgent)
