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

interface LaneLimits {
  readonly running: number
  readonly waiting: number
  /** Whoever waits for longer is sent away; as long as the signal lets him, unless stated. */
  readonly waitMs?: number
}

interface Limits {
  /** At once, of all lanes. */
  running: number
  lanes: Record<Lane, LaneLimits>
  /** Places for those who are not known while `isUnderAttack`: others need not even wait for a hash to end. */
  strangersUnderAttack: number
  isUnderAttack: () => boolean
}

export function createHashQueue(limits: Limits): HashQueue {
  const running = { known: 0, new: 0, suspect: 0 }
  const waiting: Record<Lane, Set<() => void>> = { known: new Set(), new: new Set(), suspect: new Set() }
  const total = () => running.known + running.new + running.suspect
  const mostStrangers = () => (limits.isUnderAttack() ? limits.strangersUnderAttack : limits.running)
  const hasTurn = (lane: Lane) =>
    total() < limits.running &&
    running[lane] < limits.lanes[lane].running &&
    (lane === 'known' || running.new + running.suspect < mostStrangers())

  function checkRoom(lane: Lane): void {
    if (!hasTurn(lane) && waiting[lane].size >= limits.lanes[lane].waiting) throw refusal(lane)
  }

  function wait(lane: Lane, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const { waitMs } = limits.lanes[lane]
      const timer = waitMs === undefined ? undefined : setTimeout(() => leave(refusal(lane)), waitMs)
      const start = () => {
        leave()
        running[lane]++
        resolve()
      }
      const leave = (reason?: Error) => {
        waiting[lane].delete(start)
        signal?.removeEventListener('abort', give)
        clearTimeout(timer)
        if (reason) reject(reason)
      }
      const give = () => leave(signal?.reason as Error)
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

function refusal(lane: Lane): Error {
  return lane === 'suspect'
    ? standardError('tooManyRequests', 'Too many attempts from this address failed.', {
        retryAfterSeconds: 5,
      })
    : standardError('overloaded', 'Too many sign in at the moment.', { retryAfterSeconds: 1 })
}
