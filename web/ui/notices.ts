/** Short messages at the edge of the page. What shows them is loaded with the first. */
import type { NotificationData } from '@mantine/notifications'
import { useCallback, useSyncExternalStore } from 'react'
import { CallError } from '#contracts/errors.ts'
import { useFailureText } from './failure.ts'

export function showNotice(message: string): void {
  void show({ message, color: 'green', withCloseButton: true })
}

/** For `onError` of commands that no form shows the failure of. */
export function useFailureNotice(): (error: unknown) => void {
  const failureText = useFailureText()
  return useCallback(
    (error: unknown) => {
      if (error instanceof CallError && error.code === 'cancelled') return
      void show({ message: failureText(error), color: 'red', autoClose: 8000, role: 'alert' })
    },
    [failureText],
  )
}

let isWanted = false
const watchers = new Set<() => void>()

/** Whether there was a notice yet. */
export function useWantsNotices(): boolean {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    () => isWanted,
  )
}

async function show(notice: NotificationData): Promise<void> {
  isWanted = true
  for (const watcher of watchers) watcher()
  const { notifications } = await import('@mantine/notifications')
  notifications.show(notice)
}
