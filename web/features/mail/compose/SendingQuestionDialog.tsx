import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useWords } from '#web/app/language.tsx'
import type { SendingQuestion } from './sending-checks.ts'

export interface SendingQuestionDialogProps {
  questions: readonly SendingQuestion[]
  onSend: () => void
  onClose: () => void
}

export function SendingQuestionDialog({ questions, onSend, onClose }: SendingQuestionDialogProps) {
  const { t } = useWords()
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('compose.sendAnyway')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <Stack>
        {questions.map((question) => (
          <Text key={question} size="sm">
            {t(`compose.${question}`)}
          </Text>
        ))}
        <Group>
          <Button onClick={onSend}>{t('compose.send')}</Button>
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('compose.goOnWriting')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
