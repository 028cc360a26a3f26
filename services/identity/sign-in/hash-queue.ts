/** Who hashes next. Hashing is dear, so those who most likely are who they say go first, and guessers wait for each other. */
import { standardError } from '#contracts/errors.ts'

/**
 * `known`: somebody who signed in from that device before, or is signed in. `new`: nothing speaks for or against him.
 * `suspect`: there were failures from that address lately.
 */
export type Lane = 'known' | 'new' | 'suspect'

const lanes = ['known', 'new', 'suspect'] as const satisfies readonly Lane[]

export interface HashQueue {
  /** Throws for a lane in which nobody may wait any more: `tooManyRequests` for suspects, else `overloaded`. */
  checkRoom(lane: Lane): void
  /** Fails as `checkRoom`, and with the signal's reason when it aborts while the work waits; it is read only then. */
  run<T>(
    work: () => Promise<T>,
    turn: { readonly lane: Lane; readonly signal?: AbortSignal | undefined },
  ): Promise<T>
}

interface Limits {
  /** At once, of all lanes. */
  running: number
  /** Of each lane, read whenever somebody's turn may have come. */
  lanes: Record<Lane, { readonly running: number; readonly waiting: number }>
}

export function createHashQueue(limits: Limits): HashQueue {
  const running = { known: 0, new: 0, suspect: 0 }
  const waiting: Record<Lane, Set<() => void>> = { known: new Set(), new: new Set(), suspect: new Set() }
  const total = () => running.known + running.new + running.suspect
  const hasTurn = (lane: Lane) => total() < limits.running && running[lane] < limits.lanes[lane].running

  function checkRoom(lane: Lane): void {
    if (hasTurn(lane) || waiting[lane].size < limits.lanes[lane].waiting) return
    if (lane === 'suspect')
      throw standardError('tooManyRequests', 'Too many attempts from this address failed.', {
        retryAfterSeconds: 5,
      })
    throw standardError('overloaded', 'Too many sign in at the moment.', { retryAfterSeconds: 1 })
  }

  function wait(lane: Lane, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = () => {
        waiting[lane].delete(start)
        signal?.removeEventListener('abort', give)
        running[lane]++
        resolve()
      }
      const give = () => {
        waiting[lane].delete(start)
        reject(signal?.reason as Error)
      }
      waiting[lane].add(start)
      signal?.addEventListener('abort', give, { once: true })
    })
  }

  function startNext(): void {
    for (const lane of lanes)
      for (const start of waiting[lane]) {
        if (!hasTurn(lane)) break
        start()
      }
  }

  return {
    checkRoom,
    async run(work, turn) {
      const { lane } = turn
      checkRoom(lane)
      if (hasTurn(lane)) running[lane]++
      else await wait(lane, turn.signal)
      try {
        return await work()
      } finally {
        running[lane]--
        startNext()
      }
    },
  }
}
