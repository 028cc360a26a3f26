import type { SchemaSource } from '#platform/database/database.ts'
import type { Bus } from './bus.ts'
import { openPostgresBus } from './postgres/postgres.ts'
import type { BusOptions } from './postgres/queues.ts'

/** The bus's tables, which every service reads and writes. Needed by each adapter. */
export const busSchema: SchemaSource = {
  name: 'bus',
  migrations: new URL('./migrations/', import.meta.url),
  sharedWithServices: true,
}

/**
 * `postgres:`, or `amqp://…` or `amqps://…` for RabbitMQ 3.10 or newer. Rejects when the broker does not answer
 * in five tries, some 5 s; later it connects again for as long as it takes.
 */
export async function openBus(url: string, options: BusOptions): Promise<Bus> {
  if (/^postgres(ql)?:/.test(url)) return openPostgresBus(options)
  if (!/^amqps?:/.test(url))
    throw new Error(`The bus can't be at ${url}: postgres:, amqp://… and amqps://… can`)
  const { openRabbitmqBus } = await import('./rabbitmq/rabbitmq.ts')
  return openRabbitmqBus(url, options)
}

export type { BusOptions }
