/** Asks before something that can't be taken back, and says what it does. */
import { Button, Group, Modal, Stack } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { useWords } from '#web/app/language.tsx'
import { useFailureText } from './failure.ts'
import { FailureNote } from './FailureNote.tsx'

export interface QuestionProps {
  title: string
  /** What happens then. */
  children: ReactNode
  /** On the button that does it. */
  action: string
  isDisabled?: boolean
  /** The dialog closes when it resolves. */
  onConfirm: () => Promise<unknown>
  onClose: () => void
}

export function Question({ title, children, action, isDisabled = false, onConfirm, onClose }: QuestionProps) {
  const { t } = useWords()
  const failureText = useFailureText()
  const [isPending, setPending] = useState(false)
  const [error, setError] = useState<unknown>()
  async function confirm(): Promise<void> {
    setPending(true)
    setError(undefined)
    try {
      await onConfirm()
      onClose()
    } catch (failure) {
      setError(failure)
    } finally {
      setPending(false)
    }
  }
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <Stack>
        {children}
        <FailureNote text={error === undefined ? undefined : failureText(error)} />
        <Group>
          <Button color="red" loading={isPending} disabled={isDisabled} onClick={() => void confirm()}>
            {action}
          </Button>
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('action.cancel')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
