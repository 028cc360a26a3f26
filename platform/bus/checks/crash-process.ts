/** A process that stops dead at a chosen moment and waits there to be killed. Run by `crash.checks.ts`. */
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { z } from 'zod'
import { contract } from '#contracts/contract.ts'
import type { Bus, Subscription } from '#platform/bus/bus.ts'
import { openBus } from '#platform/bus/open.ts'
import type { Database } from '#platform/database/database.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { silentLogger, type Logger } from '#platform/log.ts'
import type { Signals } from '#platform/signals/signals.ts'

const { events } = contract('shop', { events: { orderPlaced: z.object({ id: z.int() }) } })

/**
 * `commit`: an order and its event were committed, nobody was told yet. `handle`: a handler has written, its
 * transaction is open. `acknowledge`: a handler's transaction was committed. `relay`: RabbitMQ has confirmed events
 * that are in the outbox still.
 */
export type Moment = 'commit' | 'handle' | 'acknowledge' | 'relay'

export interface CrashPlan {
  busUrl: string
  databaseUrl: string
  moment: Moment
  /** How many such moments pass before. */
  after: number
  /** Places these orders. */
  orders: number[]
  /** The handler kills the process when it gets this one. */
  killer?: number
}

export function handledBy(
  consumer: string,
  inHandler: (id: number) => void = () => {},
  afterCommit = () => {},
): Subscription {
  return {
    name: 'shop.ship',
    event: events.orderPlaced,
    batch: 4,
    async handle(deliveries, tx) {
      for (const { id, payload } of deliveries) {
        await record(tx, 'handled', id, payload as { id: number }, consumer)
        inHandler((payload as { id: number }).id)
      }
      return afterCommit
    },
  }
}

/** An order and its event, together or not at all. */
export async function placeOrder(bus: Bus, shop: Database, id: number): Promise<void> {
  await shop.transaction().execute(async (tx) => {
    await record(tx, 'placed', '00000000-0000-0000-0000-000000000000', { id }, '')
    await bus.publish(tx, events.orderPlaced, { id })
  })
  bus.committed()
}

async function record(
  tx: Database,
  what: string,
  eventId: string,
  payload: object,
  consumer: string,
): Promise<void> {
  await sql`insert into effects (subscription, event_id, payload, consumer)
    values (${what}, ${eventId}, ${JSON.stringify(payload)}::json, ${consumer})`.execute(tx)
}

async function run(plan: CrashPlan): Promise<void> {
  let passed = 0
  function reach(moment: Moment): void {
    if (moment !== plan.moment || passed++ < plan.after) return
    writeSync(1, 'now\n')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  }

  const deaf: Signals = {
    send: () => reach('commit'),
    listen: () => () => {},
    onGap: () => () => {},
    async [Symbol.asyncDispose]() {},
  }
  const log: Logger = Object.assign(Object.create(silentLogger), {
    debug: (_: object, message: string) => {
      if (message === 'RabbitMQ has the events') reach('relay')
    },
  })
  const database = openDatabase({ url: plan.databaseUrl, poolSize: 5 })
  const shop = database.forService('shop')
  const bus = await openBus(plan.busUrl, { database, signals: deaf, log, pollMs: 50 })
  for (const id of plan.orders) {
    await placeOrder(bus, shop, id)
    if (plan.moment === 'commit') await sleep(15) // Else one signal would tell of several commits.
  }
  if (plan.moment !== 'handle' && plan.moment !== 'acknowledge') return
  const subscription = handledBy(
    `process ${process.pid}`,
    (id) => {
      if (id === plan.killer) process.kill(process.pid, 'SIGKILL')
      reach('handle')
    },
    () => reach('acknowledge'),
  )
  await bus.subscribe([{ subscription, database: shop }])
}

if (import.meta.main) {
  const [plan] = (await once(process.stdin, 'data')) as [Buffer]
  process.stdin.destroy()
  await run(JSON.parse(String(plan)) as CrashPlan)
}
