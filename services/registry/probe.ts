/** Whether an instance answers where it says it is. */
import type { ProcessContext } from '#platform/service.ts'
import type { Probed } from './store/foreign.ts'

/** `refuses`: somebody says that nobody listens there. `silent` may as well be the network. */
export type ProbeResult = 'answers' | 'refuses' | 'silent'

/** Of an instance of ours, by RPC. */
export type Probe = (address: string, timeoutMs: number) => Promise<ProbeResult>

const timeoutMs = 1_000
/** So many failures in a row make an instance `down`. */
const mostFailures = 2

export function rpcProbe(process: Pick<ProcessContext, 'reach'>): Probe {
  return async (address, timeoutMs) => {
    try {
      await process.reach(address, timeoutMs)
      return 'answers'
    } catch (error) {
      return /ECONNREFUSED|ENOENT/.test((error as Error).message) ? 'refuses' : 'silent'
    }
  }
}

/** Keeps count of failures between rounds. */
export function prober(probe: Probe) {
  const failures = new Map<string, number>()

  async function isWell({ address, healthPath }: Probed): Promise<boolean> {
    if (healthPath === null) return (await probe(address, timeoutMs)) === 'answers'
    const signal = AbortSignal.timeout(timeoutMs)
    return fetch(new URL(healthPath, address), { signal, redirect: 'manual' }).then(
      async (response) => {
        await response.body?.cancel()
        return response.ok
      },
      () => false,
    )
  }

  /** Probes all at once; gives those whose health is another than before. */
  return async (probed: readonly Probed[]): Promise<{ up: string[]; down: string[] }> => {
    const results = await Promise.all(probed.map(async (one) => ({ ...one, isWell: await isWell(one) })))
    const counts = results.map((one) => ({
      ...one,
      failures: one.isWell ? 0 : (failures.get(one.id) ?? 0) + 1,
    }))
    failures.clear()
    for (const { id, failures: count } of counts) if (count > 0) failures.set(id, count)
    return {
      up: counts.filter((one) => one.isWell && (one.isDown || one.state === 'starting')).map(({ id }) => id),
      down: counts.filter((one) => one.failures >= mostFailures && !one.isDown).map(({ id }) => id),
    }
  }
}
