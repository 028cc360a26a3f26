import type { Logger } from '#platform/log.ts'
import type { Limits } from './limits.ts'
import { memoryLimits } from './memory.ts'

/** `memory:`, or `redis://…` or `rediss://…` as `openRedisLimits` takes it; its client is loaded only when used. */
export async function openLimits(url: string, options: { log: Logger }): Promise<Limits> {
  if (url === 'memory:') return memoryLimits()
  if (!/^rediss?:\/\//.test(url)) throw new Error('limits need a url like memory: or redis://…')
  const { openRedisLimits } = await import('./redis.ts')
  return openRedisLimits(url, options)
}
