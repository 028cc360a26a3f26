import { createClient } from 'redis'

export type RedisClient = ReturnType<typeof newClient>

export interface ConnectionEvents {
  /** At most once until `onUp`. */
  onDown(error: Error): void
  /** At each connection, the first included. */
  onUp?(client: RedisClient): Promise<void>
}

/**
 * Resolves when the first attempt to connect has ended, well or not, and `onUp` with it. Reconnects for ever with
 * jittered back-off, also when the server is silent for 3 s. A command fails at once while there is no connection.
 */
export async function connectRedis(url: string, { onDown, onUp }: ConnectionEvents): Promise<RedisClient> {
  const client = newClient(url)
  const tried = Promise.withResolvers<void>()
  let isDown = false
  client.on('error', (error: Error) => {
    if (!isDown) onDown(error)
    isDown = true
    tried.resolve()
  })
  client.on('ready', async () => {
    isDown = false
    // A failure comes from a connection that broke again, which 'error' tells.
    await onUp?.(client).catch(() => {})
    tried.resolve()
  })
  client.connect().catch(() => {}) // Tried again until it succeeds or the client is destroyed.
  await tried.promise
  return client
}

/** The reply, or a rejection when it is late: a Redis that takes longer over a command counts as down. */
export async function replyInTime<T>(reply: Promise<T>, commandTimeoutMs = 100): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const giveUp = () => reject(new Error(`no reply within ${commandTimeoutMs} ms`))
  // After a stall of this process, what has arrived meanwhile is read before it counts as late.
  const timer = setTimeout(() => setImmediate(giveUp), commandTimeoutMs)
  return Promise.race([reply, late]).finally(() => clearTimeout(timer))
}

function newClient(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    pingInterval: 1_000,
    socket: {
      connectTimeout: 2_000,
      socketTimeout: 3_000,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 2_000) * (0.5 + Math.random() / 2),
    },
  })
}
