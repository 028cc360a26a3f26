/** Processes and servers are killed at the worst moments: no event is lost, no effect applied twice. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Bus } from '#platform/bus/bus.ts'
import { busSchema, openBus } from '#platform/bus/open.ts'
import type { DatabaseServer } from '#platform/database/database.ts'
import { startEmbeddedPostgres } from '#platform/database/embedded.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { testDatabase } from '#platform/database/testing.ts'
import { silentLogger } from '#platform/log.ts'
import { openSignals } from '#platform/signals/open.ts'
import { handledBy, placeOrder, type CrashPlan, type Moment } from './crash-process.ts'
import { shopSchema } from './scene.ts'

const kills = Number(process.env.TEST_KILLS ?? 15)
/** Of a server; each costs seconds. */
export const crashes = Number(process.env.TEST_SERVER_CRASHES ?? 2)

/** What `startBroker` gives is disposed of at the end: null for the Postgres adapter. */
type StartBroker = () => Promise<({ url: string } & AsyncDisposable) | null>

interface World extends AsyncDisposable {
  busUrl: string
  database: DatabaseServer
  open(): Promise<Bus>
}

async function openWorld(
  startBroker: StartBroker,
  startDatabase: () => Promise<DatabaseServer>,
): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const broker = stack.use(await startBroker())
  const database = stack.use(await startDatabase())
  const signals = stack.use(await openSignals('local:', { log: silentLogger }))
  const busUrl = broker?.url ?? 'postgres:'
  const open = () => openBus(busUrl, { database, signals, log: silentLogger, pollMs: 50 })
  {
    await using bus = await open()
    await bus.declare([handledBy('nobody')])
  }
  const opened = stack.move()
  return { busUrl, database, open, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** Kills processes at each of the moments. */
export function checkKills(moments: Moment[], startBroker: StartBroker): void {
  let world: World
  before(async () => {
    world = await openWorld(startBroker, () => testDatabase([busSchema, shopSchema]))
  })
  after(() => world[Symbol.asyncDispose]())

  for (const moment of moments)
    test(`${kills} processes killed at the moment "${moment}"`, async () => {
      await killEach(
        Array.from({ length: kills }, (_, index) => ({
          busUrl: world.busUrl,
          databaseUrl: world.database.url,
          moment,
          after: moment === 'relay' ? 0 : index % 4,
          orders: [1, 2, 3, 4, 5, 6].map((order) => order + 6 * index),
        })),
      )
      const { placed, lost, twice } = await settleAccounts(world)
      assert(placed >= kills)
      assert.deepEqual({ lost, twice }, { lost: 0, twice: 0 })
    })
}

/** Starts the processes and kills each at its moment. */
async function killEach(plans: CrashPlan[]): Promise<void> {
  let next = spawnIdle()
  try {
    for (const plan of plans) {
      const child = next
      next = spawnIdle()
      const exited = once(child, 'exit')
      const said = once(child.stdout as Readable, 'data')
      child.stdin?.end(JSON.stringify(plan))
      const [what] = await Promise.race([said, exited])
      child.kill('SIGKILL')
      await exited
      assert.equal(String(what), 'now\n')
    }
  } finally {
    next.kill('SIGKILL')
  }
}

/** Compiled modules, for the many processes. */
const compileCache = join(tmpdir(), `dakghar-crash-modules-${process.pid}`)
process.on('exit', () => rmSync(compileCache, { recursive: true, force: true }))

/** Node with its modules loaded, which takes longest; it waits for its plan. */
function spawnIdle(): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'crash-process.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
  })
}

interface Ledger {
  /** Orders whose transaction has committed. */
  placed: number
  /** Of these, those without effect. */
  lost: number
  /** Orders with more effects than transactions. */
  twice: number
}

async function readLedger({ database }: World): Promise<Ledger> {
  const { rows } = await sql<Ledger>`
    with orders as (
      select payload->>'id' as id,
        count(*) filter (where subscription = 'placed') as placed,
        count(*) filter (where subscription = 'handled') as handled
      from effects group by 1
    )
    select count(*) filter (where placed = 1) as placed, count(*) filter (where placed > handled) as lost,
      count(*) filter (where handled > placed) as twice
    from orders`.execute(database.forService('shop'))
  return rows[0] as Ledger
}

/** Resolves when Postgres answers, and no connection from before its crash is left. */
async function isBack({ database }: World): Promise<void> {
  for (let answers = 0; answers < 20;)
    answers = await database.ping().then(
      () => answers + 1,
      () => sleep(100, 0),
    )
}

/** Lets a surviving process handle what is left, then compares orders with effects. */
async function settleAccounts(world: World): Promise<Ledger> {
  const shop = world.database.forService('shop')
  await isBack(world)
  await using bus = await world.open()
  await bus.subscribe([{ subscription: handledBy('survivor'), database: shop }])
  await handledInTheEnd(world)
  await sleep(300) // A second effect may still come.
  const ledger = await readLedger(world)
  assert.deepEqual(await bus.deadLetters.list({ limit: 10 }), [])
  await sql`delete from effects`.execute(shop)
  return ledger
}

/** Gives up when nothing was handled for 30 s. */
async function handledInTheEnd(world: World): Promise<void> {
  let least = Infinity
  let giveUpAt = 0
  for (;;) {
    const { lost } = await readLedger(world)
    if (lost < least) [least, giveUpAt] = [lost, Date.now() + 30_000]
    if (lost === 0 || Date.now() > giveUpAt) return
    await sleep(200)
  }
}

/** An event whose handler takes its process along, every time. */
export function checkKiller(startBroker: StartBroker): void {
  test('an event that kills its process dies, its neighbours are handled', async () => {
    await using world = await openWorld(startBroker, () => testDatabase([busSchema, shopSchema]))
    const { busUrl, database } = world
    const shop = database.forService('shop')
    {
      await using bus = await world.open()
      for (let id = 1; id <= 8; id++) await placeOrder(bus, shop, id)
    }
    const isOver = async () => {
      const dead = await sql`select from bus.dead_letters where payload->>'id' = '4'`.execute(shop)
      return dead.rows.length === 1 && (await readLedger(world)).lost === 1
    }
    const plan: CrashPlan = {
      busUrl,
      databaseUrl: database.url,
      moment: 'handle',
      after: 1000,
      orders: [],
      killer: 4,
    }
    let starts = 0
    while (!(await isOver())) {
      assert(++starts < 15)
      await sql`update bus.deliveries set retry_at = now() where retry_at > now()`.execute(shop)
      const child = spawnIdle()
      const exited = once(child, 'exit')
      child.stdin?.end(JSON.stringify(plan))
      while (child.signalCode === null && !(await isOver())) await sleep(20)
      child.kill('SIGKILL')
      await exited
    }
    assert.deepEqual(await readLedger(world), { placed: 8, lost: 1, twice: 0 })
  })
}

/** On a durable Postgres of its own; `crashes` end one after the other while orders are placed and handled. */
export function checkServerCrashes(
  what: string,
  startBroker: StartBroker,
  crashes: (crashPostgres: () => void) => AsyncIterable<void>,
): void {
  test(what, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'dakghar-crash-'))
    await using stack = new AsyncDisposableStack()
    stack.defer(() => rm(directory, { recursive: true, force: true }))
    const postgres = stack.use(await startEmbeddedPostgres({ directory }))
    const world = stack.use(
      await openWorld(startBroker, async () => {
        const database = openDatabase({ url: postgres.url })
        await database.migrate([busSchema, shopSchema])
        return database
      }),
    )
    // An immediate shutdown: nothing more is written, every connection is cut. It is started again.
    const crashPostgres = () => {
      const [pid] = readFileSync(join(directory, 'cluster/postmaster.pid'), 'utf8').split('\n')
      process.kill(Number(pid), 'SIGQUIT')
    }
    await tradeDuring(world, () => crashes(crashPostgres))
    const { placed, lost, twice } = await settleAccounts(world)
    assert(placed > 100, `${placed} orders`)
    assert.deepEqual({ lost, twice }, { lost: 0, twice: 0 })
  })
}

async function tradeDuring(world: World, crashes: () => AsyncIterable<void>): Promise<void> {
  const shop = world.database.forService('shop')
  await using bus = await world.open()
  await bus.subscribe([{ subscription: handledBy('consumer'), database: shop }])
  await sleep(1000) // RabbitMQ 3.10: see `Rabbitmq.kill`.
  let isOver = false
  let order = 0
  const customers = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      // Placed or not: the ledger knows.
      await placeOrder(bus, shop, ++order).catch(() => undefined)
      await sleep(20)
    }
  })
  for await (const _ of crashes()) {
    await sleep(1000)
    await isBack(world)
  }
  isOver = true
  await Promise.all(customers)
}
