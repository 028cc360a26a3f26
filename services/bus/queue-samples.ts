/** How many events waited, over the last 15 minutes. */
import type { OutputOf } from '#contracts/client.ts'
import type { bus } from '#contracts/bus.ts'
import type { Bus, QueueState } from '#platform/bus/bus.ts'

type Sample = OutputOf<typeof bus.calls.showQueues>['samples'][number]

export interface QueueSamples extends AsyncDisposable {
  /** Oldest first. */
  all(): readonly Sample[]
}

const everyMs = 10_000
const keptMs = 15 * 60_000

/** Looks again and again until it is disposed of. What can't be read leaves a gap. */
export async function sampleQueues(read: Bus['queues']): Promise<QueueSamples> {
  let samples: Sample[] = []
  let running: Promise<void> | undefined

  async function look(): Promise<void> {
    const states = await read().catch(() => undefined)
    if (!states) return
    const oldest = new Date(Date.now() - keptMs).toISOString()
    samples = [...samples, { at: new Date().toISOString(), ...together(states) }].filter(
      ({ at }) => at >= oldest,
    )
  }
  const lookOnce = () => (running ??= look().finally(() => (running = undefined)))

  await lookOnce()
  const timer = setInterval(() => void lookOnce(), everyMs).unref()
  return {
    all: () => samples,
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await running
    },
  }
}

function together(states: readonly QueueState[]): Pick<Sample, 'depth' | 'lagSeconds'> {
  return {
    depth: states.reduce((sum, { depth }) => sum + depth, 0),
    lagSeconds: Math.max(0, ...states.map(({ lagSeconds }) => lagSeconds)),
  }
}
