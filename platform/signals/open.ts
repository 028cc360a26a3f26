import type { Logger } from '#platform/log.ts'
import { openLocalSignals } from './local.ts'
import type { Signals } from './signals.ts'

/** `local:`, `postgres://…` or `redis://…`. Clients are loaded only when used. */
export async function openSignals(url: string, options: { log: Logger }): Promise<Signals> {
  if (url === 'local:') return openLocalSignals(options)
  if (/^postgres(ql)?:\/\//.test(url)) {
    const { openPostgresSignals } = await import('./postgres.ts')
    return openPostgresSignals(url, options)
  }
  if (/^rediss?:\/\//.test(url)) {
    const { openRedisSignals } = await import('./redis.ts')
    return openRedisSignals(url, options)
  }
  throw new Error('signals need a url like local:, postgres://… or redis://…')
}
