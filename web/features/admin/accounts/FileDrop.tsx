/** A place to drop a file on, or to choose one by. */
import { Button, FileButton, Paper, Stack, Text } from '@mantine/core'
import { FileUp } from 'lucide-react'
import { useState, type DragEvent } from 'react'
import { useWords } from '#web/app/language.tsx'

export interface FileDropProps {
  accept: string
  label: string
  /** Of the file that was taken last. */
  fileName: string | undefined
  isBusy: boolean
  onFile: (file: File) => void
}

export function FileDrop({ accept, label, fileName, isBusy, onFile }: FileDropProps) {
  const { t } = useWords()
  const [isOver, setOver] = useState(false)
  function drop(event: DragEvent): void {
    event.preventDefault()
    setOver(false)
    const file = event.dataTransfer.files.item(0)
    if (file) onFile(file)
  }
  return (
    <Paper
      withBorder
      p="xl"
      bg={isOver ? 'var(--mantine-primary-color-light)' : 'transparent'}
      style={{ borderStyle: 'dashed' }}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Stack align="center" gap="xs">
        <FileUp size={32} strokeWidth={1.5} color="var(--mantine-color-dimmed)" aria-hidden />
        <Text ta="center">{fileName ?? label}</Text>
        <FileButton accept={accept} onChange={(file) => file && onFile(file)}>
          {(props) => (
            <Button {...props} variant="default" loading={isBusy}>
              {t('import.choose')}
            </Button>
          )}
        </FileButton>
      </Stack>
    </Paper>
  )
}
