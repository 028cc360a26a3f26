import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery } from '#platform/bus/bus.ts'
import type { Database } from '#platform/database/database.ts'
import { createScene, quickly, record, until, type Given } from './scene.ts'

export function checkInstances({ server }: Given): void {
  test('two instances share a subscription', async () => {
    const { events, db, name, effects } = createScene(server())
    await using one = await server().open()
    await using other = await server().open()
    const as = (consumer: string) => ({
      database: db,
      subscription: {
        name: name('shared'),
        event: events.orderPlaced as never,
        async handle([delivery]: Delivery[], tx: Database) {
          if (delivery) await record(tx, name('shared'), delivery, consumer)
          await sleep(5)
        },
      },
    })
    await one.subscribe([as('one')])
    await other.subscribe([as('other')])
    for (let id = 0; id < 40; id++) await one.emit(events.orderPlaced, { id })
    await until('all came', async () => (await effects('shared')).length === 40)
    const rows = await effects('shared')
    assert.deepEqual(
      rows.map(({ payload }) => payload.id).sort((a, b) => a - b),
      Array.from({ length: 40 }, (_, id) => id),
    )
    assert.deepEqual(new Set(rows.map(({ consumer }) => consumer)), new Set(['one', 'other']))
  })

  test('two instances racing for the same events apply each effect once, 20 times', async () => {
    const { events, db, recorder, ids } = createScene(server())
    await using one = await server().open()
    await using other = await server().open()
    const racing = recorder('race', { batch: 7, concurrency: 2, ...quickly })
    await Promise.all([one.subscribe([racing]), other.subscribe([racing])])
    for (let round = 0; round < 20; round++) {
      const orders = Array.from({ length: 25 }, (_, index) => ({ id: round * 25 + index }))
      await db.transaction().execute((tx) => one.publish(tx, events.orderPlaced, orders))
      one.committed()
    }
    await until('all came', async () => (await ids('race')).length >= 500)
    await sleep(100)
    assert.deepEqual(
      (await ids('race')).sort((a, b) => a - b),
      Array.from({ length: 500 }, (_, id) => id),
    )
  })

  test('a subscription takes events while nobody runs it', async () => {
    const { events, recorder, ids } = createScene(server())
    const keeper = recorder('keeper')
    {
      await using first = await server().open()
      await first.subscribe([keeper])
    }
    {
      await using publisher = await server().open()
      await publisher.declare([recorder('declared').subscription])
      for (let id = 0; id < 10; id++) await publisher.emit(events.orderPlaced, { id })
    }
    await using later = await server().open()
    await later.subscribe([keeper, recorder('declared')])
    await until('all came', async () => (await ids('keeper')).length + (await ids('declared')).length === 20)
    assert.deepEqual(await ids('keeper'), await ids('declared'))
  })

  test('draining finishes what runs and takes nothing more', async () => {
    const { events, recorder, ids } = createScene(server())
    await using bus = await server().open()
    const started = Promise.withResolvers<void>()
    await bus.subscribe([
      recorder('slow', {
        async handle() {
          started.resolve()
          await sleep(200)
        },
      }),
    ])
    for (let id = 0; id < 3; id++) await bus.emit(events.orderPlaced, { id })
    await started.promise
    await bus.drain(5000)
    assert.deepEqual(await ids('slow'), [0])
    await sleep(100)
    assert.deepEqual(await ids('slow'), [0])

    await using next = await server().open()
    await next.subscribe([recorder('slow')])
    await until('the rest came', async () => (await ids('slow')).length === 3)
  })

  test('draining gives up on what does not finish', async () => {
    const { events, recorder, ids } = createScene(server())
    const bus = await server().open()
    const started = Promise.withResolvers<void>()
    const finish = Promise.withResolvers<void>()
    await bus.subscribe([
      recorder('stuck', {
        async handle() {
          started.resolve()
          await finish.promise
        },
      }),
    ])
    await bus.emit(events.orderPlaced, { id: 1 })
    await started.promise
    const startedAt = performance.now()
    await bus.drain(50)
    assert(performance.now() - startedAt < 1000)
    finish.resolve()
    await bus[Symbol.asyncDispose]()
    assert.deepEqual(await ids('stuck'), [1])
  })
}
