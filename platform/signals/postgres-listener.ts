import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'

const connectTimeoutMs = 5_000
const closeTimeoutMs = 1_000

/** One connection that listens on one channel until it ends. */
export interface PostgresListener extends AsyncDisposable {
  /** Each message is less than 8000 bytes. */
  notify(messages: string[]): Promise<void>
  /** Resolves when the connection is closed, by whomever. */
  ended: Promise<void>
}

/**
 * Resolves when it listens. The connection is tested every `heartbeatMs` and ended when no answer comes in half
 * of that.
 */
export async function connectListener(
  url: string,
  { channel, heartbeatMs, onMessage }: ListenerOptions,
): Promise<PostgresListener> {
  const socket = new Socket()
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const client = new Client({
    connectionString: url,
    application_name: 'dakghar signals',
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: heartbeatMs / 2,
    stream: () => socket,
  })
  client.on('error', () => socket.destroy())
  client.on('notification', ({ payload = '' }) => onMessage(payload))
  try {
    await client.connect()
    await client.query(`listen ${channel}`)
  } catch (error) {
    socket.destroy()
    throw error
  }
  const heartbeat = setInterval(() => {
    client.query('select').catch(() => socket.destroy())
  }, heartbeatMs)
  void ended.then(() => clearInterval(heartbeat))

  return {
    async notify(messages) {
      const sql = 'select pg_notify($1, message) from unnest($2::text[]) message'
      await client.query(sql, [channel, messages])
    },
    ended,
    async [Symbol.asyncDispose]() {
      clearInterval(heartbeat)
      client.end().catch(() => {})
      await Promise.race([ended, sleep(closeTimeoutMs, undefined, { ref: false })])
      socket.destroy()
    },
  }
}

export interface ListenerOptions {
  /** An SQL identifier. */
  channel: string
  heartbeatMs: number
  onMessage: (message: string) => void
}
