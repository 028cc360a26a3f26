import { Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useWords } from '#web/app/language.tsx'
import { localTimeText } from './send-times.ts'

export interface ScheduleDialogProps {
  onPick: (time: Date) => void
  onClose: () => void
}

const hourMs = 3_600_000

export function ScheduleDialog({ onPick, onClose }: ScheduleDialogProps) {
  const { t, dateTime } = useWords()
  const [text, setText] = useState(() =>
    localTimeText(new Date(Math.ceil((Date.now() + hourMs) / hourMs) * hourMs)),
  )
  const time = new Date(text)
  const isPast = !(time.getTime() > Date.now())
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('compose.pickTime')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (!isPast) onPick(time)
        }}
      >
        <Stack>
          <TextInput
            type="datetime-local"
            label={t('compose.when')}
            min={localTimeText(new Date())}
            value={text}
            onChange={({ currentTarget }) => setText(currentTarget.value)}
            error={isPast ? t('field.past') : undefined}
            data-autofocus
          />
          <Group>
            <Button type="submit" disabled={isPast}>
              {isPast ? t('compose.schedule') : t('compose.scheduleFor', { time: dateTime(time) })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
