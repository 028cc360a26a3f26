import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import { v7 as uuidv7 } from 'uuid'
import { checkBus } from '#platform/bus/bus.checks.ts'
import { createScene, shopSchema, until, type BusServer } from '#platform/bus/checks/scene.ts'
import { busSchema, openBus } from '#platform/bus/open.ts'
import { testDatabase } from '#platform/database/testing.ts'
import { silentLogger } from '#platform/log.ts'
import { openSignals } from '#platform/signals/open.ts'
import type { Signals } from '#platform/signals/signals.ts'

async function start(): Promise<BusServer> {
  const database = await testDatabase([busSchema, shopSchema])
  const signals = await openSignals('local:', { log: silentLogger })
  return {
    database,
    open: () => openBus('postgres:', { database, signals, log: silentLogger }),
    async inject(exchange, event, payload) {
      const name = `${exchange.replace('.events', '')}.${event}`
      await sql`
        insert into bus.deliveries (subscription, event_id, routing_key, payload)
        select id, ${uuidv7()}, ${event}, ${payload}::json from bus.subscriptions
        where event = ${name}`.execute(database.forService('bus'))
    },
    async [Symbol.asyncDispose]() {
      await signals[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

checkBus('postgres', start)

const deaf: Signals = {
  send() {},
  listen: () => () => {},
  onGap: () => () => {},
  async [Symbol.asyncDispose]() {},
}

test('events are found without a signal', async () => {
  await using server = await start()
  const { events, recorder, ids } = createScene(server)
  const options = { database: server.database, signals: deaf, log: silentLogger, pollMs: 50 }
  await using bus = await openBus('postgres:', options)
  await bus.subscribe([recorder('deaf', { batch: 5 })])
  for (let id = 0; id < 12; id++) await bus.emit(events.orderPlaced, { id })
  await until('all came', async () => (await ids('deaf')).length === 12)
})

test('an event committed long after later ones is found', async () => {
  await using server = await start()
  const { events, db, recorder, ids } = createScene(server)
  await using bus = await server.open()
  await bus.subscribe([recorder('all', { batch: 200 })])
  const { promise: laterOnesCame, resolve: commit } = Promise.withResolvers<void>()
  const late = db.transaction().execute(async (tx) => {
    await bus.publish(tx, events.orderPlaced, { id: 0 })
    await laterOnesCame
  })
  await sleep(50)
  const orders = Array.from({ length: 1500 }, (_, index) => ({ id: index + 1 }))
  await db.transaction().execute((tx) => bus.publish(tx, events.orderPlaced, orders))
  await until('the later ones came', async () => (await ids('all')).length === 1500)
  commit()
  await late
  await until('the late one came', async () => (await ids('all')).length === 1501)
  assert.equal((await ids('all')).at(-1), 0)
})

test('a lost database connection fails no event', async () => {
  await using server = await start()
  const { events, db, name, recorder, ids } = createScene(server)
  await using bus = await server.open()
  const admin = new pg.Client(server.database.url)
  await admin.connect()
  const attempts: number[] = []
  await bus.subscribe([
    recorder('cut', {
      retryDelaysMs: [],
      async handle([delivery], tx) {
        attempts.push(delivery?.attempt ?? 0)
        if (attempts.length > 2) return
        const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)
        await admin.query('select pg_terminate_backend($1)', [rows[0]?.pid])
        await sql`select 1`.execute(tx)
      },
    }),
  ])
  await bus.emit(events.orderPlaced, { id: 1 })
  await until('it was handled', async () => (await ids('cut')).length === 1)
  await admin.end()
  assert.deepEqual(attempts, [1, 1, 1])
  assert.deepEqual(await bus.deadLetters.list({ subscription: name('cut'), limit: 10 }), [])
  assert.equal((await sql`select from effects`.execute(db)).rows.length, 1)
})

test('a batch is taken from a long backlog without reading all of it', async () => {
  await using server = await start()
  const { db, recorder } = createScene(server)
  const bus = server.database.forService('bus')
  {
    await using opened = await server.open()
    await opened.declare([recorder('backlog').subscription])
  }
  await sql`
    insert into bus.deliveries (subscription, event_id, routing_key, payload)
    select s.id, gen_random_uuid(), 'orderPlaced', '{}' from bus.subscriptions s, generate_series(1, 20000)`.execute(
    bus,
  )
  await db.connection().execute(async (connection) => {
    const take = sql<{ 'QUERY PLAN': string }>`
      explain (analyze, buffers) select * from bus.take_deliveries(1, 0, 10)`
    await take.execute(connection) // Reads the catalogue too.
    const { rows } = await take.execute(connection)
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    const pages = Number(/Buffers: shared hit=(\d+)/.exec(plan)?.[1])
    assert(pages > 0 && pages < 100, plan)
  })
})
