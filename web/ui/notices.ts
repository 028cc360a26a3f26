/** Short messages at the edge of the page. What shows them is loaded with the first. */
import type { NotificationData } from '@mantine/notifications'
import { createElement, useCallback, useSyncExternalStore } from 'react'
import { CallError } from '#contracts/errors.ts'
import { useFailureText } from './failure.ts'

export function showNotice(message: string): void {
  void show({ message, color: 'green', withCloseButton: true })
}

/** With one thing to do about it, while it is shown. Gives what takes it away. */
export function offerAction(message: string, { label, act, seconds = 10 }: OfferedAction): () => void {
  const id = `offer-${(offers += 1)}`
  const take = () => {
    void hide(id)
    act()
  }
  void import('./OfferedAction.tsx').then(({ OfferedAction }) =>
    show({
      id,
      message: createElement(OfferedAction, { message, label, onTake: take }),
      color: 'green',
      autoClose: seconds * 1000,
      withCloseButton: true,
    }),
  )
  return () => void hide(id)
}

export interface OfferedAction {
  label: string
  act: () => void
  /** How long it is shown. */
  seconds?: number
}

let offers = 0

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

async function hide(id: string): Promise<void> {
  const { notifications } = await import('@mantine/notifications')
  notifications.hide(id)
}
