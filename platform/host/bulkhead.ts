import { standardError } from '#contracts/errors.ts'

/** Keeps one busy service from taking the whole process: a bounded number runs, a bounded number waits. */
export interface Bulkhead {
  readonly running: number
  readonly waiting: number
  /**
   * Takes a place, which `leave` gives back: at once, or when the promise resolves. Throws `overloaded` when the line is
   * full; rejects with the signal's reason when it aborts meanwhile. The signal is read only where it has to wait.
   */
  enter(limit?: { readonly signal: AbortSignal }): Promise<void> | undefined
  leave(): void
  /** Runs the work in a place of its own. */
  run<T>(work: () => Promise<T>, limit?: { readonly signal: AbortSignal }): Promise<T>
  /** Resolves when nothing runs or waits. */
  idle(): Promise<void>
}

export function createBulkhead(name: string, limits: { running: number; waiting: number }): Bulkhead {
  let running = 0
  const queue = new Set<() => void>()
  let idleListeners: (() => void)[] = []

  function leave(): void {
    running--
    const [next] = queue
    if (next) next()
    else if (running === 0) {
      for (const listener of idleListeners) listener()
      idleListeners = []
    }
  }

  function wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = () => {
        queue.delete(start)
        signal?.removeEventListener('abort', give)
        running++
        resolve()
      }
      const give = () => {
        queue.delete(start)
        reject(signal?.reason as Error)
      }
      queue.add(start)
      signal?.addEventListener('abort', give, { once: true })
    })
  }

  function enter(limit?: { readonly signal: AbortSignal }): Promise<void> | undefined {
    if (running < limits.running) {
      running++
      return undefined
    }
    if (queue.size < limits.waiting) return wait(limit?.signal)
    throw standardError('overloaded', `${name} is busy`, { retryAfterSeconds: 1 })
  }

  return {
    enter,
    leave,
    get running() {
      return running
    },
    get waiting() {
      return queue.size
    },
    async run(work, limit) {
      await enter(limit)
      try {
        return await work()
      } finally {
        leave()
      }
    },
    idle() {
      if (running === 0 && queue.size === 0) return Promise.resolve()
      return new Promise((resolve) => idleListeners.push(resolve))
    },
  }
}
