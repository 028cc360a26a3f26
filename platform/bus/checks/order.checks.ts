import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createScene, until, type Given, type Order } from './scene.ts'

export function checkOrder({ server }: Given): void {
  test('events of one key keep their order through retries and deaths, over two instances', async () => {
    const { events, db, recorder, ids, effects, name } = createScene(server())
    await using one = await server().open()
    await using other = await server().open()
    const tries = new Map<number, number>()
    const ordered = recorder('ordered', {
      batch: 5,
      retryDelaysMs: [40, 40],
      orderBy: (order) => order.customer,
      async handle(deliveries) {
        for (const { payload } of deliveries) {
          const attempt = (tries.get(payload.id) ?? 0) + 1
          tries.set(payload.id, attempt)
          if (payload.id === 20) throw new Error('never')
          // In a batch, and the first try alone.
          if (payload.id % 10 === 0 && attempt < 3) throw new Error('at first not')
        }
      },
    })
    await Promise.all([one.subscribe([ordered]), other.subscribe([ordered])])
    const customers = ['ann', 'bob', 'cid']
    const orders = Array.from({ length: 60 }, (_, id) => ({ id, customer: customers[id % 3] as string }))
    for (let start = 0; start < 60; start += 6)
      await db
        .transaction()
        .execute((tx) => one.publish(tx, events.orderPlaced, orders.slice(start, start + 6)))
    await until('all but one came', async () => (await ids('ordered')).length === 59)
    for (const customer of customers) {
      const handled = (await effects('ordered'))
        .filter(({ payload }) => payload.customer === customer)
        .map(({ payload }) => payload.id)
      const expected = orders
        .filter((order) => order.customer === customer && order.id !== 20)
        .map(({ id }) => id)
      assert.deepEqual(handled, expected)
    }
    const dead = await one.deadLetters.list({ subscription: name('ordered'), limit: 9 })
    assert.deepEqual(
      dead.map(({ payload }) => (payload as Order).id),
      [20],
    )
  })

  test('a key that waits does not hold up other keys', async () => {
    const { events, recorder, ids } = createScene(server())
    await using bus = await server().open()
    await bus.subscribe([
      recorder('patient', {
        retryDelaysMs: [60_000],
        orderBy: (order) => order.customer,
        async handle([delivery]) {
          if (delivery?.payload.id === 0) throw new Error('wait')
        },
      }),
    ])
    for (let id = 0; id < 20; id++)
      await bus.emit(events.orderPlaced, { id, customer: id % 2 === 0 ? 'ann' : 'bob' })
    await until("bob's came", async () => (await ids('patient')).length === 10)
    await sleep(100)
    assert.deepEqual(await ids('patient'), [1, 3, 5, 7, 9, 11, 13, 15, 17, 19])
  })
}
