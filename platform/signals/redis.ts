import { connectRedis, type RedisClient } from '#platform/redis.ts'
import type { Logger } from '#platform/log.ts'
import { createHub } from './hub.ts'
import type { Signals } from './signals.ts'

const channel = 'dakghar:signals'

/**
 * Signals over Redis publish and subscribe. `url` is `redis://user:password@host:port`, or `rediss://…` for TLS.
 * Redis need not be up; what is sent while it is down reaches this process alone.
 */
export async function openRedisSignals(url: string, { log }: { log: Logger }): Promise<Signals> {
  const { host } = new URL(url)
  let subscribed: RedisClient | undefined
  let wasDown = false

  const hub = createHub(log, (message) => {
    // A failure is an outage, which is logged once for all.
    if (subscribed?.isReady) subscribed.publish(channel, message).catch(() => {})
  })
  const client = await connectRedis(url, {
    onDown(error) {
      wasDown = true
      log.warn({ err: error, host }, 'Redis is down, signals stay in this process')
    },
    async onUp(connected) {
      // On later connections the client repeats the subscription itself, before it calls them ready.
      if (!subscribed) await connected.subscribe(channel, hub.receive)
      subscribed = connected
      if (!wasDown) return
      wasDown = false
      log.info({ host }, 'Redis is back, signals reach other processes')
      hub.tellGap()
    },
  })
  return {
    ...hub,
    async [Symbol.asyncDispose]() {
      hub.close()
      client.destroy()
    },
  }
}
