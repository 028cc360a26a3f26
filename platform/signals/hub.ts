import { randomUUID } from 'node:crypto'
import type { Logger } from '#platform/log.ts'
import { decodeMessage, encodeMessages, type Signal } from './message.ts'
import type { Signals } from './signals.ts'

/** With these the longest signal fits a message, though JSON makes six bytes of a control character. */
const maxTopicBytes = 200
const maxPayloadBytes = 1024

/** The sending and listening of this process, which an adapter joins to other processes. */
export interface Hub extends Omit<Signals, typeof Symbol.asyncDispose> {
  /** Delivers a message from a process, or ignores it when it is this process's own. */
  receive(message: string): void
  tellGap(): void
  /** Nothing is sent or delivered any more. */
  close(): void
}

/**
 * What is sent in one turn of the event loop is delivered to the listeners of this process after that turn, and
 * handed to `forward` in as few messages as hold it. `forward` must not throw.
 */
export function createHub(log: Logger, forward: (message: string) => void): Hub {
  const sender = randomUUID()
  const topics = new Map<string, Set<{ listener: (payload: string) => void }>>()
  const gapListeners = new Set<{ listener: () => void }>()
  const pending = new Map<string, Signal>()
  let isClosed = false

  function flush() {
    const signals = [...pending.values()]
    pending.clear()
    if (isClosed) return
    encodeMessages(sender, signals).forEach(forward)
    signals.forEach(deliver)
  }
  function deliver([topic, payload]: Signal) {
    // A copy: who begins to listen now hears the next one.
    const listening = [...(topics.get(topic) ?? [])]
    for (const { listener } of listening) run(() => listener(payload), topic)
  }
  function run(listener: () => void, topic?: string) {
    Promise.try(listener).catch((error) => log.error({ err: error, topic }, 'a signal listener failed'))
  }

  return {
    send(topic, payload = '') {
      if (Buffer.byteLength(topic) > maxTopicBytes || Buffer.byteLength(payload) > maxPayloadBytes)
        return log.error({ topic: topic.slice(0, maxTopicBytes) }, 'a signal is too long and was not sent')
      if (pending.size === 0) setImmediate(flush)
      pending.set(JSON.stringify([topic, payload]), [topic, payload])
    },
    listen(topic, listener) {
      const entry = { listener }
      const listeners = topics.get(topic) ?? new Set()
      topics.set(topic, listeners.add(entry))
      return () => {
        listeners.delete(entry)
        if (listeners.size === 0 && topics.get(topic) === listeners) topics.delete(topic)
      }
    },
    onGap(listener) {
      const entry = { listener }
      gapListeners.add(entry)
      return () => void gapListeners.delete(entry)
    },
    receive(text) {
      const message = isClosed ? undefined : decodeMessage(text)
      if (message && message.sender !== sender) message.signals.forEach(deliver)
    },
    tellGap() {
      if (isClosed) return
      const listening = [...gapListeners]
      for (const { listener } of listening) run(listener)
    },
    close() {
      isClosed = true
    },
  }
}
