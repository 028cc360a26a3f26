import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '#platform/log.ts'
import { memoryStore } from './memory.ts'
import type { Store } from './read-through.ts'
import { connectRedis, replyInTime, type RedisClient } from '#platform/redis.ts'

/** How often a Redis that is down is tried. */
const retryMs = 500
/** How many changed keys are remembered while it is down. */
const maxChanged = 10_000

/** One thing to do, in Redis or in its stand-in. */
export interface Request<T> {
  command: (client: RedisClient) => Promise<T>
  standIn: (memory: Store) => Promise<T>
  /** Keys, with prefix, whose values in Redis are too old if `command` did not run. */
  changes?: string[]
}

export interface ReplaceableRedis extends AsyncDisposable {
  /** Never fails because of Redis. */
  ask<T>(request: Request<T>): Promise<T>
}

/**
 * Redis, with a small cache in memory that stands in while it is down. Before Redis is used again, the keys that
 * changed meanwhile are removed from it, or all that start with `prefix` when they were too many to remember.
 */
export async function openReplaceableRedis(
  url: string,
  prefix: string,
  log: Logger,
): Promise<ReplaceableRedis> {
  const { host } = new URL(url)
  let memory = newMemory()
  let state: 'up' | 'down' | 'closed' = 'up'
  const changed = new Set<string>()

  const client = await connectRedis(url, { onDown: goDown })
  function goDown(error: unknown) {
    if (state !== 'up') return
    state = 'down'
    log.warn({ err: error, host }, 'Redis is down, caching in memory')
    void comeBack()
  }
  async function comeBack() {
    while (state === 'down') {
      await sleep(retryMs, undefined, { ref: false })
      try {
        await replyInTime(client.ping())
        await removeChanged()
        if (state !== 'down') return
        state = 'up'
        memory = newMemory()
        log.info({ host }, 'Redis is back')
      } catch {
        // Still down.
      }
    }
  }
  async function removeChanged() {
    if (changed.size > maxChanged) {
      for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 }))
        if (keys.length > 0) await client.unlink(keys)
      changed.clear()
    }
    while (changed.size > 0) {
      const keys = [...changed]
      await replyInTime(client.unlink(keys))
      for (const key of keys) changed.delete(key)
    }
  }

  return {
    async ask({ command, standIn, changes = [] }) {
      if (state === 'up')
        try {
          return await replyInTime(command(client))
        } catch (error) {
          goDown(error)
        }
      for (const key of changes) if (changed.size <= maxChanged) changed.add(key)
      return standIn(memory)
    },
    async [Symbol.asyncDispose]() {
      state = 'closed'
      client.destroy()
    },
  }
}

function newMemory(): Store {
  return memoryStore({ maxEntries: 1_000, maxBytes: 4 * 1024 * 1024 })
}
