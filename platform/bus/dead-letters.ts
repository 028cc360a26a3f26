import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { Database } from '#platform/database/database.ts'
import type { DeadLetter, DeadLetters } from './bus.ts'
import { meters } from './meters.ts'

export interface DeadEvent {
  subscription: string
  event: string
  eventId: string
  routingKey: string
  payload: unknown
  traceparent: string | null
  attempts: number
  error: string
  publishedAt: Date
}

const errorLimit = 2000

export async function insertDeadLetter(db: Database, dead: DeadEvent): Promise<void> {
  await sql`
    insert into bus.dead_letters
      (id, subscription, event, event_id, routing_key, payload, traceparent, attempts, error, published_at)
    values (
      ${uuidv7()}, ${dead.subscription}, ${dead.event}, ${dead.eventId}, ${dead.routingKey},
      ${JSON.stringify(dead.payload)}::json, ${dead.traceparent}, ${dead.attempts},
      ${dead.error.replaceAll('\0', '').slice(0, errorLimit)}, ${dead.publishedAt}
    )
    on conflict (subscription, event_id) do update
      set attempts = excluded.attempts, error = excluded.error, died_at = excluded.died_at`.execute(db)
  meters.dead.inc({ subscription: dead.subscription })
}

const columns = sql`
  id, subscription, event, routing_key as "routingKey", payload, attempts, error,
  published_at as "publishedAt", died_at as "diedAt"`

export function deadLettersOf(bus: Database, replayed: () => void): DeadLetters {
  return {
    async list({ subscription, before, limit }) {
      const { rows } = await sql<DeadLetter>`
        select ${columns} from bus.dead_letters
        where (${subscription ?? null}::text is null or subscription = ${subscription ?? null})
          and (${before ?? null}::uuid is null or id < ${before ?? null})
        order by id desc limit ${limit}`.execute(bus)
      return rows
    },

    async show(id) {
      const { rows } = await sql<DeadLetter>`
        select ${columns} from bus.dead_letters where id = ${id}`.execute(bus)
      return rows[0]
    },

    // From here on the event waits in `bus.deliveries`: any copy still on its way through RabbitMQ counts as handled.
    // One handled after it died came as such a copy.
    async replay(ids) {
      const { rows } = await sql<{ count: number }>`
        with gone as (
          delete from bus.dead_letters d using bus.subscriptions s
          where d.id = any(${[...ids]}::uuid[]) and s.name = d.subscription
          returning d.*, s.id as number
        ), replayed as (
          select * from gone g where not exists (
            select from bus.handled h
            where h.subscription = g.number and h.event_id = g.event_id and h.handled_at > g.died_at
          )
        ), marked as (
          insert into bus.handled (subscription, event_id, handled_at)
          select number, event_id, now() from replayed
          on conflict (subscription, event_id) do update set handled_at = now()
        ), waiting as (
          insert into bus.deliveries (subscription, event_id, routing_key, payload, traceparent, published_at)
          select number, event_id, routing_key, payload, traceparent, published_at
          from replayed order by published_at, event_id
        )
        select count(*) from gone`.execute(bus)
      replayed()
      return rows[0]?.count ?? 0
    },

    async discard(ids) {
      const { numAffectedRows } = await sql`
        delete from bus.dead_letters where id = any(${[...ids]}::uuid[])`.execute(bus)
      return Number(numAffectedRows)
    },
  }
}
