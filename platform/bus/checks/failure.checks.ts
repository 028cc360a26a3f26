import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createScene, until, type Given, type Order, quickly } from './scene.ts'

export function checkFailure({ server }: Given): void {
  test('an event that fails is tried again by the schedule, counting attempts', async () => {
    const { events, recorder, ids } = createScene(server())
    await using bus = await server().open()
    const tries: { at: number; attempt: number }[] = []
    await bus.subscribe([
      recorder('unlucky', {
        retryDelaysMs: [50, 150, 20],
        async handle([delivery]) {
          tries.push({ at: performance.now(), attempt: delivery?.attempt ?? 0 })
          if (tries.length < 4) throw new Error('not yet')
        },
      }),
    ])
    await bus.emit(events.orderPlaced, { id: 1 })
    await until('it was handled', async () => (await ids('unlucky')).length > 0)
    assert.deepEqual(
      tries.map(({ attempt }) => attempt),
      [1, 2, 3, 4],
    )
    const waits = tries.slice(1).map(({ at }, index) => at - (tries[index]?.at ?? 0))
    for (const [index, leastMs] of [50, 150, 20].entries())
      assert((waits[index] ?? 0) >= leastMs - 1 && (waits[index] ?? 0) < leastMs + 900, `${waits}`)
    assert.deepEqual(await ids('unlucky'), [1])
  })

  test('one bad event of a batch fails alone', async () => {
    const { events, db, name, recorder, ids } = createScene(server())
    await using bus = await server().open()
    await bus.subscribe([
      recorder('batches', {
        ...quickly,
        batch: 20,
        async handle(deliveries) {
          if (deliveries.some(({ payload }) => payload.id === 13)) throw new Error('unlucky number')
        },
      }),
    ])
    const orders = Array.from({ length: 30 }, (_, id) => ({ id }))
    await db.transaction().execute((tx) => bus.publish(tx, events.orderPlaced, orders))
    await until('the others came', async () => (await ids('batches')).length === 29)
    assert.deepEqual(
      (await ids('batches')).sort((a, b) => a - b),
      orders.map(({ id }) => id).filter((id) => id !== 13),
    )
    const dead = () => bus.deadLetters.list({ subscription: name('batches'), limit: 10 })
    await until('it died', async () => (await dead()).length > 0)
    const [letter] = await dead()
    assert.deepEqual(letter?.payload, { id: 13, customer: 'someone' })
    assert.equal(letter.attempts, 3)
  })

  test('poison becomes a dead letter at once and blocks nobody', async () => {
    const { service, events, name, recorder, ids } = createScene(server())
    await using bus = await server().open()
    await bus.subscribe([recorder('careful'), recorder('ordered', { orderBy: (order) => order.customer })])
    await bus.emit(events.orderPlaced, { id: 1 })
    await server().inject(`${service}.events`, 'orderPlaced', '{"id":"not a number"}')
    await server().inject(`${service}.events`, 'orderPlaced', '"text \\u0000"')
    await bus.emit(events.orderPlaced, { id: 2 })
    for (const what of ['careful', 'ordered']) {
      await until('the good ones came', async () => (await ids(what)).length === 2)
      const dead = () => bus.deadLetters.list({ subscription: name(what), limit: 10 })
      await until('the bad ones died', async () => (await dead()).length === 2)
      const letters = await dead()
      assert(letters.every(({ error, attempts }) => /schema/.test(error) && attempts === 1))
      assert.deepEqual(letters.map(({ payload }) => JSON.stringify(payload)).sort(), [
        '"text \\u0000"',
        '{"id":"not a number"}',
      ])
    }
  })

  test('events that wait for their retry hold up nobody', async () => {
    const { events, db, recorder, ids } = createScene(server())
    await using bus = await server().open()
    let failures = 0
    await bus.subscribe([
      recorder('half', {
        retryDelaysMs: [60_000],
        async handle([delivery]) {
          if (delivery && delivery.payload.id % 2 === 1) {
            failures++
            throw new Error('odd')
          }
        },
      }),
    ])
    const orders = Array.from({ length: 40 }, (_, id) => ({ id }))
    await db.transaction().execute((tx) => bus.publish(tx, events.orderPlaced, orders))
    await until('the even ones came', async () => (await ids('half')).length === 20)
    await until('the odd ones failed', () => failures === 20)
  })
}

export function checkDeadLetters({ server }: Given): void {
  test('dead letters are listed, shown, replayed and discarded', async () => {
    const { events, name, recorder, ids } = createScene(server())
    await using bus = await server().open()
    let isBroken = true
    await bus.subscribe([
      recorder('broken', {
        retryDelaysMs: [10],
        async handle() {
          if (isBroken) throw new Error('out of order')
        },
      }),
    ])
    for (let id = 0; id < 5; id++) await bus.emit(events.orderPlaced, { id })
    const subscription = name('broken')
    const list = (before?: string) => bus.deadLetters.list({ subscription, before, limit: 2 })
    await until('all died', async () => (await bus.deadLetters.list({ subscription, limit: 9 })).length === 5)

    const first = await list()
    const second = await list(first[1]?.id)
    const third = await list(second[1]?.id)
    const letters = [...first, ...second, ...third]
    assert.equal(letters.length, 5)
    assert.deepEqual(letters.map(({ payload }) => (payload as Order).id).sort(), [0, 1, 2, 3, 4])
    const [letter] = letters
    assert(letter)
    assert.deepEqual(await bus.deadLetters.show(letter.id), letter)
    assert.match(letter.error, /out of order/)
    assert.equal(letter.attempts, 2)
    assert.equal(letter.event, `${events.orderPlaced.service}.orderPlaced`)
    assert.equal(letter.routingKey, 'orderPlaced')
    assert.equal(await bus.deadLetters.show(crypto.randomUUID()), undefined)

    const gone = letters.filter(({ payload }) => (payload as Order).id > 2).map(({ id }) => id)
    assert.equal(await bus.deadLetters.discard([...gone, crypto.randomUUID()]), 2)
    const rest = letters.map(({ id }) => id).filter((id) => !gone.includes(id))
    assert.equal(await bus.deadLetters.replay(rest), 3)
    await until(
      'they died again',
      async () => (await bus.deadLetters.list({ subscription, limit: 9 })).length === 3,
    )
    isBroken = false
    const again = await bus.deadLetters.list({ subscription, limit: 9 })
    assert(again.every(({ attempts }) => attempts === 2))
    assert.equal(await bus.deadLetters.replay(again.map(({ id }) => id)), 3)
    await until('they were handled', async () => (await ids('broken')).length === 3)
    assert.deepEqual((await ids('broken')).sort(), [0, 1, 2])
    assert.deepEqual(await bus.deadLetters.list({ subscription, limit: 9 }), [])
    assert.equal(await bus.deadLetters.replay(again.map(({ id }) => id)), 0)
  })
}
