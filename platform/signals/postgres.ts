import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '#platform/log.ts'
import { createHub } from './hub.ts'
import { connectListener, type PostgresListener } from './postgres-listener.ts'
import type { Signals } from './signals.ts'

const channel = 'dakghar_signals'
const longestPauseMs = 5_000
/** Messages kept while those before them are on their way; more are lost. */
const maxWaiting = 1_000

export interface PostgresSignalsOptions {
  log: Logger
  /** How often the connection is tested. */
  heartbeatMs?: number
}

/**
 * Signals over LISTEN and NOTIFY on a connection of their own: a NOTIFY in a transaction that changes data would
 * make commits wait for each other. `url` is `postgres://…`, of the server itself or of a pooler that keeps
 * sessions. Postgres need not be up; what is sent while it is down reaches this process alone.
 */
export async function openPostgresSignals(
  url: string,
  { log, heartbeatMs = 10_000 }: PostgresSignalsOptions,
): Promise<Signals> {
  const stopping = new AbortController()
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()))
  const tried = Promise.withResolvers<void>()
  let listener: PostgresListener | undefined
  let waiting: string[] = []
  let isNotifying = false

  const hub = createHub(log, (message) => {
    if (!listener || waiting.length >= maxWaiting) return
    waiting.push(message)
    if (!isNotifying) void notifyWaiting(listener)
  })

  async function notifyWaiting(connected: PostgresListener) {
    isNotifying = true
    while (waiting.length > 0) {
      const messages = waiting
      waiting = []
      // What fails is lost, as signals may be. A broken connection is found by its heartbeat.
      await connected.notify(messages).catch(() => {})
    }
    isNotifying = false
  }

  async function keepListening() {
    for (let failures = 0; !stopping.signal.aborted;) {
      try {
        await using connected = await connectListener(url, { channel, heartbeatMs, onMessage: hub.receive })
        listener = connected
        if (failures > 0) {
          log.info('signals reach other processes again')
          hub.tellGap()
        }
        failures = 0
        tried.resolve()
        await Promise.race([connected.ended, stopped])
        if (!stopping.signal.aborted) throw new Error('the connection ended')
      } catch (error) {
        if (failures++ === 0) log.warn({ err: error }, 'signals stay in this process until Postgres answers')
        tried.resolve()
        const pauseMs = Math.min(longestPauseMs, 50 * 2 ** failures) * (0.5 + Math.random() / 2)
        await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {})
      } finally {
        listener = undefined
        waiting = []
      }
    }
  }
  const listening = keepListening()
  await tried.promise

  return {
    ...hub,
    async [Symbol.asyncDispose]() {
      hub.close()
      stopping.abort()
      await listening
    },
  }
}
