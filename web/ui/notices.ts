/** Short messages at the edge of the page. */
import { notifications } from '@mantine/notifications'
import { useCallback } from 'react'
import { CallError } from '#contracts/errors.ts'
import { useFailureText } from './failure.ts'

export function showNotice(message: string): void {
  notifications.show({ message, color: 'green', withCloseButton: true })
}

/** For `onError` of commands that no form shows the failure of. */
export function useFailureNotice(): (error: unknown) => void {
  const failureText = useFailureText()
  return useCallback(
    (error: unknown) => {
      if (error instanceof CallError && error.code === 'cancelled') return
      notifications.show({ message: failureText(error), color: 'red', autoClose: 8000, role: 'alert' })
    },
    [failureText],
  )
}
