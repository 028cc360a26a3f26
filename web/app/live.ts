/** The one WebSocket of this page, and how it fares. */
import { useSyncExternalStore } from 'react'
import { createLiveClient, type LiveState } from '#contracts/live-client.ts'
import { livePath } from '#contracts/live.ts'

let state: LiveState = 'closed'
const watchers = new Set<() => void>()
const endings = new Set<() => void>()

function tell(next?: LiveState): void {
  state = next ?? state
  for (const watcher of watchers) watcher()
}

export const live = createLiveClient(location.origin.replace(/^http/, 'ws') + livePath, {
  onState: tell,
  onSessionEnded: () => endings.forEach((onEnded) => onEnded()),
})

/** Calls when the server says that the session has ended or changed, until the given function is called. */
export function onSessionEnded(listener: () => void): () => void {
  endings.add(listener)
  return () => void endings.delete(listener)
}

export type Connection = 'connected' | 'reconnecting' | 'offline'

export function useConnection(): Connection {
  return useSyncExternalStore(watch, connection)
}

function watch(watcher: () => void): () => void {
  const told = () => watcher()
  watchers.add(watcher)
  window.addEventListener('online', told)
  window.addEventListener('offline', told)
  return () => {
    watchers.delete(watcher)
    window.removeEventListener('online', told)
    window.removeEventListener('offline', told)
  }
}

function connection(): Connection {
  if (!navigator.onLine) return 'offline'
  return state === 'connected' ? 'connected' : 'reconnecting'
}
