import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery } from '#platform/bus/bus.ts'
import { metrics } from '#platform/metrics.ts'
import { createScene, quickly, until, type Given } from './scene.ts'

export function checkDelivery({ server }: Given): void {
  test('each subscription gets each event', async () => {
    const { events, recorder, ids } = createScene(server())
    await using bus = await server().open()
    await bus.subscribe([recorder('one'), recorder('two')])
    for (let id = 0; id < 5; id++) await bus.emit(events.orderPlaced, { id })
    await until('both have all', async () => (await ids('one')).length + (await ids('two')).length === 10)
    assert.deepEqual(await ids('one'), [0, 1, 2, 3, 4])
    assert.deepEqual(await ids('two'), [0, 1, 2, 3, 4])
  })

  test('a handler gets what the publisher said', async () => {
    const { events, db, recorder } = createScene(server())
    await using bus = await server().open()
    const got: Delivery[] = []
    let committed = 0
    await bus.subscribe([
      recorder('look', {
        handle: async (deliveries) => {
          got.push(...deliveries)
          return () => void committed++
        },
      }),
    ])
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const startedAt = Date.now()
    await db.transaction().execute((tx) => bus.publish(tx, events.orderPlaced, { id: 7 }, { traceparent }))
    bus.committed()
    await until('it came', () => committed === 1)
    const [delivery] = got
    assert(delivery)
    assert.match(delivery.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    assert.deepEqual(delivery.payload, { id: 7, customer: 'someone' })
    assert.equal(delivery.routingKey, 'orderPlaced')
    assert.equal(delivery.traceparent, traceparent)
    assert.equal(delivery.attempt, 1)
    // AMQP tells times in seconds.
    assert(Math.abs(delivery.publishedAt.getTime() - startedAt) < 1500)
  })

  test('topic keys choose with wildcards, direct keys by equality', async () => {
    const { events, recorderOf, effects } = createScene(server())
    await using bus = await server().open()
    const lines = (what: string, ...keys: string[]) =>
      recorderOf(events.lineReported as never, what, { keys })
    const notices = (what: string, ...keys: string[]) =>
      recorderOf(events.noticeRequested as never, what, { keys })
    await bus.subscribe([
      lines('errors', 'line.ERROR.*'),
      lines('web', '#.web'),
      lines('some', 'line.INFO.mail', 'line.ERROR.mail'),
      lines('every', '#'),
      recorderOf(events.lineReported as never, 'unless stated'),
      notices('email', 'email'),
      notices('push', 'push'),
      notices('literal', 'e*'),
    ])
    for (const level of ['INFO', 'ERROR'])
      for (const area of ['web', 'mail']) await bus.emit(events.lineReported, { level, area })
    for (const channel of ['email', 'push', 'fax']) await bus.emit(events.noticeRequested, { channel })
    const expected = {
      errors: 2,
      web: 2,
      some: 2,
      every: 4,
      'unless stated': 4,
      email: 1,
      push: 1,
      literal: 0,
    }
    const counts = async () =>
      Object.fromEntries(
        await Promise.all(
          Object.keys(expected).map(async (what) => [what, (await effects(what)).length] as const),
        ),
      )
    await until('all came', async () => Object.values(await counts()).reduce((a, b) => a + b) >= 16)
    assert.deepEqual(await counts(), expected)
  })

  test('a changed subscription gets events by its new keys', async () => {
    const { events, recorderOf, effects } = createScene(server())
    const keyed = (key: string) => recorderOf(events.lineReported as never, 'lines', { keys: [key] })
    await using bus = await server().open()
    await bus.declare([keyed('line.INFO.*').subscription])
    await bus.subscribe([keyed('line.ERROR.*')])
    for (const level of ['INFO', 'ERROR']) await bus.emit(events.lineReported, { level })
    await until('one came', async () => (await effects('lines')).length > 0)
    assert.deepEqual(
      (await effects('lines')).map(({ payload }) => payload),
      [{ level: 'ERROR', area: 'web' }],
    )
  })

  test('what a rolled back transaction published does not exist', async () => {
    const { events, db, recorder, ids } = createScene(server())
    await using bus = await server().open()
    await bus.subscribe([recorder('all')])
    await assert.rejects(
      db.transaction().execute(async (tx) => {
        await bus.publish(tx, events.orderPlaced, { id: 1 })
        throw new Error('changed its mind')
      }),
      /changed its mind/,
    )
    await bus.emit(events.orderPlaced, { id: 2 })
    await until('the other came', async () => (await ids('all')).length > 0)
    await sleep(100)
    assert.deepEqual(await ids('all'), [2])
  })

  test('a payload that does not fit is refused and nothing is written', async () => {
    const { events, db, recorder, ids } = createScene(server())
    await using bus = await server().open()
    await bus.subscribe([recorder('all')])
    const bad = { id: 'one' } as unknown as { id: number }
    await assert.rejects(bus.emit(events.orderPlaced, bad), /orderPlaced: .*id/s)
    await assert.rejects(
      db.transaction().execute((tx) => bus.publish(tx, events.orderPlaced, [{ id: 1 }, bad])),
      TypeError,
    )
    await bus.emit(events.orderPlaced, { id: 3 })
    await until('the good one came', async () => (await ids('all')).length > 0)
    assert.deepEqual(await ids('all'), [3])
  })

  test('batches have at most their size, and several events', async () => {
    const { events, db, recorder, ids } = createScene(server())
    await using bus = await server().open()
    const sizes: number[] = []
    await bus.subscribe([
      recorder('tens', { batch: 10, handle: async (deliveries) => void sizes.push(deliveries.length) }),
    ])
    const orders = Array.from({ length: 95 }, (_, id) => ({ id }))
    await db.transaction().execute((tx) => bus.publish(tx, events.orderPlaced, orders))
    await until('all came', async () => (await ids('tens')).length === 95)
    assert(Math.max(...sizes) <= 10)
    assert(sizes.length < 40, `${sizes}`)
    assert.deepEqual(
      await ids('tens'),
      orders.map(({ id }) => id),
    )
  })

  test('handlers of one instance run beside each other when asked to', async () => {
    const { events, recorder, ids } = createScene(server())
    await using bus = await server().open()
    let running = 0
    let most = 0
    await bus.subscribe([
      recorder('busy', {
        concurrency: 3,
        async handle() {
          most = Math.max(most, ++running)
          await sleep(50)
          running--
        },
      }),
    ])
    await Promise.all(Array.from({ length: 9 }, (_, id) => bus.emit(events.orderPlaced, { id })))
    await until('all came', async () => (await ids('busy')).length === 9)
    assert.equal(most, 3)
  })

  test('what a handler publishes commits with its effects', async () => {
    const { events, recorder, recorderOf, ids, effects } = createScene(server())
    await using bus = await server().open()
    let tries = 0
    await bus.subscribe([
      recorder('first', {
        ...quickly,
        async handle([delivery], tx) {
          await bus.publish(tx, events.lineReported, { level: `${delivery?.payload.id}` })
          if (++tries === 1) throw new Error('first try')
        },
      }),
      recorderOf(events.lineReported as never, 'second'),
    ])
    await bus.emit(events.orderPlaced, { id: 5 })
    await until('both came', async () => (await effects('second')).length > 0)
    await sleep(100)
    assert.deepEqual(await ids('first'), [5])
    assert.equal((await effects('second')).length, 1)
  })

  test('published, delivered, depth and lag can be read', async () => {
    const { events, name, recorder, ids } = createScene(server())
    await using bus = await server().open()
    await bus.declare([recorder('sleeper').subscription])
    await bus.subscribe([recorder('worker')])
    for (let id = 0; id < 3; id++) await bus.emit(events.orderPlaced, { id })
    await until('the worker has all', async () => (await ids('worker')).length === 3)
    const text = await metrics.metrics()
    assert.match(
      text,
      new RegExp(`dakghar_bus_published_total{event="${events.orderPlaced.service}.orderPlaced"} 3`),
    )
    assert.match(text, new RegExp(`dakghar_bus_delivered_total{subscription="${name('worker')}"} 3`))
    assert.match(text, new RegExp(`dakghar_bus_depth{subscription="${name('worker')}"} 0`))
    assert.match(text, new RegExp(`dakghar_bus_lag_seconds{subscription="${name('worker')}"} 0`))
    assert.equal(bus.problem(), undefined)
  })
}
