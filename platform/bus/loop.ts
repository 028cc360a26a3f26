import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '#platform/log.ts'

export interface Loop {
  /** Something may have come: take the next step now. */
  wake(): void
  /** Resolves when the step that runs is over. */
  stop(): Promise<void>
  /** Why the last step failed; undefined when it did not. */
  readonly problem: string | undefined
}

const longestPauseMs = 5000

/** Over which the first steps of a process are spread: together they would take all its connections at its start. */
export const firstStepsMs = 300

/**
 * Takes steps as long as they say that there is more to do, then waits to be woken. After a step that throws it
 * pauses, 0.1 s at first, then twice as long each time up to 5 s, with jitter. The first step comes within `firstMs`.
 */
export function startLoop(
  name: string,
  log: Logger,
  step: () => Promise<boolean>,
  { firstMs = 0 }: { firstMs?: number } = {},
): Loop {
  const stopping = new AbortController()
  let isWoken = false
  let resume: (() => void) | undefined
  let failures = 0
  let problem: string | undefined

  async function firstMoment(): Promise<void> {
    const woken = new Promise<void>((resolve) => (resume = resolve))
    const patience = new AbortController()
    const { signal } = patience
    const waited = sleep(Math.random() * firstMs, undefined, { signal }).catch(() => {})
    await Promise.race([woken, waited])
    patience.abort()
  }

  async function run(): Promise<void> {
    if (firstMs > 0) await firstMoment()
    while (!stopping.signal.aborted) {
      isWoken = false
      try {
        const hasMore = await step()
        failures = 0
        problem = undefined
        if (!hasMore && !isWoken && !stopping.signal.aborted)
          await new Promise<void>((resolve) => (resume = resolve))
      } catch (error) {
        problem = `${name}: ${(error as Error).message}`
        log.warn({ err: error, loop: name }, 'will try again')
        const pauseMs = Math.min(longestPauseMs, 100 * 2 ** failures++) * (0.5 + Math.random() / 2)
        await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {})
      }
    }
  }

  const ended = run()
  return {
    wake() {
      isWoken = true
      resume?.()
    },
    stop() {
      stopping.abort()
      resume?.()
      return ended
    },
    get problem() {
      return problem
    },
  }
}

export function together(loops: readonly Loop[]): Loop {
  return {
    wake() {
      for (const loop of loops) loop.wake()
    },
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()))
    },
    get problem() {
      return loops.find((loop) => loop.problem)?.problem
    },
  }
}
