import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type ConfirmChannel, type Options } from 'amqplib'
import { startLoop } from '#platform/bus/loop.ts'
import type { Logger } from '#platform/log.ts'

export interface Broker extends AsyncDisposable {
  isConnected(): boolean
  /** Fails while there is no connection. */
  createChannel(): Promise<ConfirmChannel>
  /** Calls back at each new connection. */
  onConnect(listener: () => void): void
  problem(): string | undefined
}

const tries = 5
const connectTimeoutMs = 10_000
const closeTimeoutMs = 2000

/**
 * Tries five times, waiting 0.3, 0.6, 1.2 and 2.4 s, ±20 %; rejects with one line. A connection that is lost later
 * is made again however long it takes, with waits up to 30 s.
 */
export async function connectBroker(url: string, log: Logger): Promise<Broker> {
  const where = new URL(url)
  if (!where.searchParams.has('heartbeat')) where.searchParams.set('heartbeat', '15')
  const connection = await connect(where.href, {
    timeout: connectTimeoutMs,
    clientProperties: { connection_name: 'dakghar' },
    recovery: { initialDelay: 300, maxDelay: 30_000, initialMaxRetries: tries - 1 },
  }).catch((error: Error) => {
    throw new Error(
      `RabbitMQ at ${where.protocol}//${where.host} does not answer: ${error.message} (${tries} tries)`,
      {
        cause: error,
      },
    )
  })

  const listeners = new Set<() => void>()
  let isConnected = true
  let problem: string | undefined
  connection.on('error', (error) => log.debug({ err: error }, 'RabbitMQ connection'))
  connection.on('connect', () => {
    isConnected = true
    problem = undefined
    log.info('connected to RabbitMQ again')
    for (const listener of listeners) listener()
  })
  connection.on('disconnect', (error) => {
    isConnected = false
    problem = `RabbitMQ: ${error.message}`
    log.warn({ err: error }, 'lost RabbitMQ')
  })
  connection.on('blocked', (reason) => {
    problem = `RabbitMQ takes no messages: ${reason}`
  })
  connection.on('unblocked', () => {
    problem = undefined
  })

  return {
    async createChannel() {
      if (!isConnected) throw new Error('RabbitMQ is away')
      return connection.createConfirmChannel()
    },
    isConnected: () => isConnected,
    onConnect: (listener) => void listeners.add(listener),
    problem: () => problem,
    async [Symbol.asyncDispose]() {
      await Promise.race([connection.close(), sleep(closeTimeoutMs, undefined, { ref: false })])
    },
  }
}

export interface LastingChannel {
  /** Undefined while there is none. It may be that it is still set up. */
  readonly current: ConfirmChannel | undefined
  readonly problem: string | undefined
  close(): Promise<void>
}

/** A channel that is opened and set up again whenever it or the connection is lost; then it is `ready`. */
export function keepChannel(
  broker: Broker,
  name: string,
  log: Logger,
  setUp: (channel: ConfirmChannel) => Promise<void>,
  ready = () => {},
): LastingChannel {
  let current: ConfirmChannel | undefined
  let isClosing = false
  const loop = startLoop(name, log, async () => {
    if (!broker.isConnected()) return false
    const channel = await broker.createChannel()
    channel.on('error', (error) => log.warn({ err: error, channel: name }, 'RabbitMQ closed a channel'))
    const closed = new Promise((resolve) => channel.once('close', resolve))
    current = channel
    try {
      await setUp(channel)
      ready()
      if (!isClosing) await closed
    } catch (error) {
      if (!isClosing) throw error
    } finally {
      current = undefined
      await closeChannel(channel)
    }
    return true
  })
  broker.onConnect(() => loop.wake())
  return {
    get current() {
      return current
    },
    get problem() {
      return loop.problem
    },
    async close() {
      isClosing = true
      const stopped = loop.stop()
      if (current) await closeChannel(current)
      await stopped
    },
  }
}

export async function closeChannel(channel: ConfirmChannel): Promise<void> {
  try {
    await channel.close()
  } catch {
    // It was closed already.
  }
}

/** Resolves when the broker has the message on disk, or has returned it as unroutable. */
export function publishConfirmed(
  channel: ConfirmChannel,
  exchange: string,
  routingKey: string,
  content: Buffer,
  options: Options.Publish,
): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.publish(exchange, routingKey, content, { persistent: true, ...options }, (error: Error | null) =>
      error ? reject(error) : resolve(),
    )
  })
}
