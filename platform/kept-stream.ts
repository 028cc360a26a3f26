import { setTimeout as sleep } from 'node:timers/promises'

/** Owners say something each second. */
const silenceMs = 3_000
const longestDelayMs = 1_000

export interface KeptStream<Item> {
  open(signal: AbortSignal): AsyncIterable<Item>
  /** Gives whether the stream is sound: then the pauses begin anew. What it throws breaks the stream off. */
  take(item: Item): boolean
  onBreak(error: unknown): void
  /** Before the stream is opened again, with jitter; twice as long each time, up to 1 s. */
  firstDelayMs: number
}

/** Reads a stream that is never silent until disposed of: opens it again when it ends, breaks, or says nothing for 3 s. */
export function keepReading<Item>({ open, take, onBreak, firstDelayMs }: KeptStream<Item>): AsyncDisposable {
  const stopping = new AbortController()
  const { signal } = stopping
  let failures = 0

  async function readOnce(): Promise<void> {
    const silence = new AbortController()
    const timer = setTimeout(() => silence.abort(), silenceMs)
    try {
      for await (const item of open(AbortSignal.any([signal, silence.signal]))) {
        timer.refresh()
        if (take(item)) failures = 0
        if (signal.aborted) return
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await readOnce().catch((error: unknown) => {
        if (!signal.aborted) onBreak(error)
      })
      const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** failures++)
      await sleep(delayMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
    }
  }

  const running = run()
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await running
    },
  }
}
