import { RESP_TYPES } from 'redis'
import type { Logger } from '#platform/log.ts'
import type { Cache } from './cache.ts'
import { readThrough } from './read-through.ts'
import { openReplaceableRedis } from './replaceable-redis.ts'
import { decode, encode } from './values.ts'

/** Of every key in Redis. */
const prefix = 'dakghar:'

const asBytes = { [RESP_TYPES.BLOB_STRING]: Buffer }

/**
 * A cache that processes share. While Redis is down a small cache in memory stands in for it.
 *
 * `url` is `redis://user:password@host:port/database`, or `rediss://…` for TLS. Redis need not be up.
 */
export async function openRedisCache(url: string, { log }: { log: Logger }): Promise<Cache> {
  const redis = await openReplaceableRedis(url, prefix, log)
  const remove = async (...keys: string[]) => {
    if (keys.length === 0) return
    const names = keys.map((key) => prefix + key)
    await redis.ask({
      command: async (client) => void (await client.unlink(names)),
      standIn: (memory) => memory.delete(...keys),
      changes: names,
    })
  }
  return readThrough({
    get: (key) =>
      redis.ask({
        command: async (client) => valueOf(await client.withTypeMapping(asBytes).get(prefix + key)),
        standIn: (memory) => memory.get(key),
      }),
    async set(key, value, ttlMs) {
      if (value === undefined) return remove(key)
      const bytes = encode(value)
      await redis.ask({
        command: async (client) =>
          void (await client.set(prefix + key, bytes, { expiration: expiration(ttlMs) })),
        standIn: (memory) => memory.set(key, value, ttlMs),
        changes: [prefix + key],
      })
    },
    delete: remove,
    increment: (key, ttlMs) =>
      redis.ask({
        async command(client) {
          const name = prefix + key
          const start = { expiration: expiration(ttlMs), condition: 'NX' } as const
          const [, count] = await client.multi().set(name, '0', start).incr(name).execTyped()
          return count
        },
        standIn: (memory) => memory.increment(key, ttlMs),
      }),
    [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
  })
}

/** Bytes that something else wrote are a miss. */
function valueOf(bytes: Buffer | null): unknown {
  try {
    return bytes === null ? undefined : decode(bytes)
  } catch {
    return undefined
  }
}

function expiration(ttlMs: number): { type: 'PX'; value: number } {
  return { type: 'PX', value: Math.max(1, Math.round(ttlMs)) }
}
