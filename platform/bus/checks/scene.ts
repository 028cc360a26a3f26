import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { z } from 'zod'
import { contract, event } from '#contracts/contract.ts'
import type { Bus, Delivery, Subscription } from '#platform/bus/bus.ts'
import type { Database, DatabaseServer, SchemaSource } from '#platform/database/database.ts'

export const shopSchema: SchemaSource = {
  name: 'shop',
  migrations: new URL('./migrations/', import.meta.url),
}

export interface BusServer extends AsyncDisposable {
  database: DatabaseServer
  /** A bus as another process would have it. */
  open(): Promise<Bus>
  /** Gives all subscriptions of the event a payload that no publisher of ours would send. */
  inject(exchange: string, event: string, payload: string): Promise<void>
}

const Order = z.object({ id: z.int(), customer: z.string().default('someone') })
export type Order = z.output<typeof Order>

let scenes = 0

/** A fresh contract with its own exchanges, and what handlers did with its events. */
export function createScene(server: BusServer) {
  const service = `shop${++scenes}`
  const { events } = contract(service, {
    events: {
      orderPlaced: Order,
      lineReported: event(z.object({ level: z.string(), area: z.string().default('web') }), {
        exchange: `lines${scenes}_topic`,
        routingKey: ({ level, area }) => `line.${level}.${area}`,
        keyPattern: 'line.*.*',
      }),
      noticeRequested: event(z.object({ channel: z.string() }), {
        exchange: `notices${scenes}.direct`,
        exchangeType: 'direct',
        routingKey: ({ channel }) => channel,
        keyPattern: 'email',
      }),
    },
  })
  const db = server.database.forService('shop')
  const name = (what: string) => `${service}.${what}`

  /** A subscription that records what it handles. */
  function recorder(what: string, options: Partial<Subscription<typeof events.orderPlaced>> = {}) {
    return recorderOf(events.orderPlaced as never, what, options as never)
  }

  function recorderOf(definition: Subscription['event'], what: string, options: Partial<Subscription> = {}) {
    const { handle, ...rest } = options
    const subscription: Subscription = {
      name: name(what),
      event: definition,
      ...rest,
      async handle(deliveries, tx) {
        for (const delivery of deliveries) await record(tx, name(what), delivery)
        return handle?.(deliveries, tx)
      },
    }
    return { subscription, database: db }
  }

  async function effects(what: string): Promise<{ eventId: string; payload: Order; consumer: string }[]> {
    const { rows } = await sql<{ eventId: string; payload: Order; consumer: string }>`
      select event_id as "eventId", payload, consumer from effects
      where subscription = ${name(what)} order by id`.execute(db)
    return rows
  }
  const ids = async (what: string) => (await effects(what)).map(({ payload }) => payload.id)

  return { service, events, db, name, recorder, recorderOf, effects, ids }
}

export async function record(
  tx: Database,
  subscription: string,
  delivery: Delivery,
  consumer = '',
): Promise<void> {
  await sql`insert into effects (subscription, event_id, payload, consumer)
    values (${subscription}, ${delivery.id}, ${JSON.stringify(delivery.payload)}::json, ${consumer})`.execute(
    tx,
  )
}

/** Waits at most 10 s. */
export async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const giveUpAt = Date.now() + 10_000
  while (!(await isSo())) {
    if (Date.now() > giveUpAt) assert.fail(`waited 10 s until ${what}`)
    await sleep(10)
  }
}

export const quickly = { retryDelaysMs: [30, 60] }

export interface Given {
  server: () => BusServer
}
