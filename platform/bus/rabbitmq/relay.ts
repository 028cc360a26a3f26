/** Carries events from `bus.outbox` to RabbitMQ. */
import type { ConfirmChannel, Message } from 'amqplib'
import { sql } from 'kysely'
import { startLoop, type Loop } from '#platform/bus/loop.ts'
import type { QueueState } from '#platform/bus/bus.ts'
import { meters } from '#platform/bus/meters.ts'
import type { Outgoing } from '#platform/bus/outgoing.ts'
import type { Database } from '#platform/database/database.ts'
import type { Logger } from '#platform/log.ts'
import { keepChannel, publishConfirmed, type Broker } from './connection.ts'

export async function insertOutbox(db: Database, events: readonly Outgoing[]): Promise<void> {
  await sql`
    insert into bus.outbox (event_id, event, exchange, exchange_type, routing_key, payload, traceparent)
    select id, event, exchange, exchange_type, routing_key, payload::json, traceparent
    from unnest(
      ${events.map((event) => event.id)}::uuid[],
      ${events.map((event) => event.event)}::text[],
      ${events.map((event) => event.exchange)}::text[],
      ${events.map((event) => event.exchangeType)}::text[],
      ${events.map((event) => event.routingKey)}::text[],
      ${events.map((event) => event.payload)}::text[],
      ${events.map((event) => event.traceparent)}::text[]
    ) with ordinality as e (id, event, exchange, exchange_type, routing_key, payload, traceparent, position)
    order by position`.execute(db)
}

export async function outboxState(bus: Database): Promise<QueueState> {
  const { rows } = await sql<QueueState>`
    select '(outbox)' as subscription, count(*) as depth,
      coalesce(extract(epoch from now() - min(published_at)), 0)::float8 as "lagSeconds"
    from bus.outbox`.execute(bus)
  return rows[0] as QueueState
}

type Row = Outgoing & { publishedAt: Date }

const batchSize = 500
const confirmTimeoutMs = 30_000
/** Advisory lock: one relay at a time over all processes keeps the order of publishing. The bytes `relay`. */
const lockKey = 0x72656c6179

/** The rows go in the transaction that waits for the confirms: what is not confirmed stays, what is may go twice. */
export function startRelay(bus: Database, broker: Broker, log: Logger): Loop {
  const declared = new Set<string>()
  const setUp = async (opened: ConfirmChannel) => {
    declared.clear()
    opened.on('return', (message) => void returned.push(message))
  }
  const channel = keepChannel(broker, 'relay', log, setUp, () => loop.wake())

  let returned: Message[] = []

  const loop: Loop = startLoop('relay', log, async () => {
    const { current } = channel
    if (!current) return false
    return bus.transaction().execute(async (tx) => {
      const rows = await takeRows(tx)
      returned = []
      await within(confirmTimeoutMs, send(current, rows))
      await checkReturned(tx, returned, log)
      if (rows.length > 0) log.debug({ events: rows.length }, 'RabbitMQ has the events')
      return rows.length === batchSize
    })
  })

  async function send(to: ConfirmChannel, rows: Row[]): Promise<void> {
    for (const { exchange, exchangeType } of rows)
      if (!declared.has(exchange)) {
        await to.assertExchange(exchange, exchangeType, { durable: true })
        declared.add(exchange)
      }
    await Promise.all(
      rows.map((row) =>
        publishConfirmed(to, row.exchange, row.routingKey, Buffer.from(row.payload), {
          mandatory: true,
          contentType: 'application/json',
          messageId: row.id,
          type: row.event,
          timestamp: Math.floor(row.publishedAt.getTime() / 1000),
          headers: row.traceparent === null ? {} : { traceparent: row.traceparent },
        }),
      ),
    )
  }

  return {
    wake: loop.wake,
    async stop() {
      await loop.stop()
      await channel.close()
    },
    get problem() {
      return loop.problem ?? channel.problem
    },
  }
}

/**
 * An event without a queue is over, unless somebody subscribes to it: then RabbitMQ has lost the queue, as when it is
 * killed just after declaring one. Throws, so that the events stay until the subscriber has declared it again.
 */
async function checkReturned(tx: Database, returned: readonly Message[], log: Logger): Promise<void> {
  if (returned.length === 0) return
  const events = returned.map(({ properties }) => String(properties.type))
  const keys = returned.map(({ fields }) => fields.routingKey)
  const { rows } = await sql<{ queue: string }>`
    select distinct s.queue from unnest(${events}::text[], ${keys}::text[]) as e (event, key)
    join bus.subscriptions s on s.event = e.event and '.' || e.key ~ s.pattern`.execute(tx)
  if (rows.length > 0) throw new Error(`RabbitMQ has lost ${rows.map(({ queue }) => queue).join(', ')}`)
  for (const event of events) meters.unroutable.inc({ event })
  log.debug({ events }, 'nobody subscribes to these events')
}

async function takeRows(tx: Database): Promise<Row[]> {
  const { rows } = await sql<Row>`
    with relay as materialized (select pg_try_advisory_xact_lock(${lockKey}) as is_ours),
    taken as (
      delete from bus.outbox where id = any(array(
        select id from bus.outbox where (select is_ours from relay) order by id limit ${batchSize}
      )) returning *
    )
    select event_id as id, event, exchange, exchange_type as "exchangeType", routing_key as "routingKey",
      payload::text, traceparent, published_at as "publishedAt"
    from taken order by taken.id`.execute(tx)
  return rows
}

async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`RabbitMQ confirmed nothing for ${timeoutMs} ms`)), timeoutMs)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
