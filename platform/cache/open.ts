import type { Logger } from '#platform/log.ts'
import type { Cache } from './cache.ts'
import { openMemoryCache } from './memory.ts'

/** `memory:`, or `redis://…` or `rediss://…` as `openRedisCache` takes it; its client is loaded only when used. */
export async function openCache(url: string, options: { log: Logger }): Promise<Cache> {
  if (url === 'memory:') return openMemoryCache()
  if (!/^rediss?:\/\//.test(url)) throw new Error('a cache needs a url like memory: or redis://…')
  const { openRedisCache } = await import('./redis.ts')
  return openRedisCache(url, options)
}
