/** The compose windows that are open. They outlive the page they were opened on. */
import { useMemo, useSyncExternalStore } from 'react'
import type { DraftKeeper } from './draft-keeper.ts'
import type { Uploads } from './uploads.ts'

export type WindowMode = 'docked' | 'minimised' | 'full'

export interface OpenWindow {
  key: string
  /** Who writes in it. */
  accountId: string
  mode: WindowMode
  keeper: DraftKeeper
  uploads: Uploads
  /** Where the typing begins. */
  focus: 'to' | 'text'
  /** It was on this device only, since the tab had gone before it was saved. */
  isRestored: boolean
}

let windows: readonly OpenWindow[] = []
const watchers = new Set<() => void>()

/** Those of the person; those of somebody who was signed in here before are not shown. */
export function useWindows(accountId: string): readonly OpenWindow[] {
  const all = useSyncExternalStore(watch, () => windows)
  return useMemo(() => all.filter((one) => one.accountId === accountId), [all, accountId])
}

export function openWindows(): readonly OpenWindow[] {
  return windows
}

/** In front of the others. */
export function addWindow(opened: OpenWindow): void {
  tell([...windows, opened])
}

export function changeWindow(key: string, mode: WindowMode): void {
  // One fills the page at a time.
  tell(
    windows.map((one) => {
      if (one.key === key) return { ...one, mode }
      return mode === 'full' && one.mode === 'full' ? { ...one, mode: 'docked' } : one
    }),
  )
}

export function removeWindow(key: string): void {
  tell(windows.filter((one) => one.key !== key))
}

function tell(next: readonly OpenWindow[]): void {
  windows = next
  for (const watcher of watchers) watcher()
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher)
  return () => void watchers.delete(watcher)
}
