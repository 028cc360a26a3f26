import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { connect, type ChannelModel, type Options } from 'amqplib'
import { sql } from 'kysely'
import { checkBus } from '#platform/bus/bus.checks.ts'
import { createScene, shopSchema, until, type BusServer } from '#platform/bus/checks/scene.ts'
import { busSchema, openBus } from '#platform/bus/open.ts'
import { testDatabase } from '#platform/database/testing.ts'
import { silentLogger } from '#platform/log.ts'
import { metrics } from '#platform/metrics.ts'
import { openSignals } from '#platform/signals/open.ts'
import { createVirtualHost, type VirtualHost } from '#platform/testing/rabbitmq.ts'
import { freePort } from '#platform/testing/server-process.ts'

interface RabbitmqServer extends BusServer {
  host: VirtualHost
  /** A client of somebody else. */
  client: ChannelModel
}

async function start(): Promise<RabbitmqServer> {
  await using stack = new AsyncDisposableStack()
  const host = stack.use(await createVirtualHost())
  const database = stack.use(await testDatabase([busSchema, shopSchema]))
  const signals = stack.use(await openSignals('local:', { log: silentLogger }))
  const client = await connect(host.url)
  stack.defer(() => client.close())
  const opened = stack.move()
  return {
    database,
    host,
    client,
    open: () => openBus(host.url, { database, signals, log: silentLogger, pollMs: 100 }),
    inject: (exchange, event, payload) => publish(client, exchange, event, payload),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

async function publish(
  client: ChannelModel,
  exchange: string,
  key: string,
  body: string,
  options: Options.Publish = {},
): Promise<void> {
  const channel = await client.createConfirmChannel()
  channel.publish(exchange, key, Buffer.from(body), options)
  await channel.waitForConfirms()
  await channel.close()
}

checkBus('rabbitmq', start)

describe('bus on rabbitmq beside others', () => {
  let server: RabbitmqServer
  before(async () => void (server = await start()))
  after(() => server[Symbol.asyncDispose]())

  test('exchanges and queues have the names that others know', async () => {
    const { events, recorderOf } = createScene(server)
    await using bus = await server.open()
    const notices = { ...events.noticeRequested, exchange: 'notifications.direct' }
    const lines = { ...events.lineReported, exchange: 'logs_topic', keyPattern: 'log.*' }
    await bus.declare([
      recorderOf(notices as never, 'email', { queue: 'email.queue', keys: ['email'] }).subscription,
      recorderOf(notices as never, 'push', { queue: 'push.queue', keys: ['push'], retryDelaysMs: [5, 5] })
        .subscription,
      recorderOf(lines as never, 'listen', { queue: 'logs.listen' }).subscription,
    ])
    const queues =
      await management<{ name: string; type: string; durable: boolean; arguments: object }[]>('queues')
    const named = (name: string) => queues.find((queue) => queue.name === name)
    const retries = (queue: string, ...delaysMs: number[]) =>
      delaysMs.map((delayMs) => `${queue}.retry.${delayMs}ms`)
    assert.deepEqual(
      queues.map(({ name }) => name).sort(),
      ['failed.queue', 'email.queue', 'push.queue', 'logs.listen']
        .concat(retries('email.queue', 1000, 2000, 4000), retries('push.queue', 5))
        .concat(retries('logs.listen', 1000, 2000, 4000))
        .sort(),
    )
    assert(queues.every(({ type, durable }) => type === 'quorum' && durable))
    const { arguments: emailArguments } = named('email.queue') ?? assert.fail()
    assert.equal((emailArguments as Record<string, unknown>)['x-dead-letter-exchange'], 'notifications.dlx')
    const bindings =
      await management<{ source: string; destination: string; routing_key: string }[]>('bindings')
    const bound = bindings
      .filter(({ source }) => source !== '')
      .map(({ source, routing_key: key, destination }) => `${source} ${key} ${destination}`)
    for (const binding of [
      'notifications.direct email email.queue',
      'notifications.direct push push.queue',
      'notifications.dlx failed failed.queue',
      'logs_topic log.* logs.listen',
      'logs.dlx failed failed.queue',
    ])
      assert(bound.includes(binding), `${binding} of ${bound}`)
  })

  test("messages of other people's publishers are events", async () => {
    const { events, service, recorder, recorderOf, effects } = createScene(server)
    await using bus = await server.open()
    await bus.subscribe([
      recorder('all'),
      recorderOf({ ...events.orderPlaced, name: 'other' } as never, 'not mine'),
    ])
    const tell = (id: number, options?: Options.Publish) =>
      publish(server.client, `${service}.events`, 'orderPlaced', JSON.stringify({ id }), options)
    await tell(1)
    await tell(2, { messageId: 'their own id', timestamp: 4e15 })
    await tell(2, { messageId: 'their own id' })
    await tell(3, { type: 'somebody.elses' })
    await tell(4, { type: `${service}.orderPlaced`, headers: { traceparent: 7 } })
    await until('those for us came', async () => (await effects('all')).length === 3)
    assert.deepEqual(
      (await effects('all')).map(({ payload }) => payload.id),
      [1, 2, 4],
    )
  })

  test('an event delivered twice is handled once', async () => {
    const { service, recorder, ids } = createScene(server)
    await using bus = await server.open()
    await bus.subscribe([recorder('batches', { batch: 10 }), recorder('ordered', { orderBy: () => 'one' })])
    for (let round = 0; round < 3; round++)
      for (let id = 0; id < 10; id++)
        await publish(server.client, `${service}.events`, 'orderPlaced', JSON.stringify({ id }), {
          messageId: `event ${service} ${id}`,
        })
    const once = Array.from({ length: 10 }, (_, id) => id)
    for (const what of ['batches', 'ordered']) {
      await until('all came', async () => (await ids(what)).length >= 10)
      assert.deepEqual((await ids(what)).sort(), once)
    }
    const queued = async () =>
      (await management<{ messages?: number }[]>('queues')).reduce(
        (sum, { messages = 0 }) => sum + messages,
        0,
      )
    await until('nothing waits', async () => (await queued()) === 0)
    for (const what of ['batches', 'ordered']) assert.deepEqual((await ids(what)).sort(), once)
  })

  test('an event that nobody subscribes to is dropped and counted', async () => {
    const { events } = createScene(server)
    await using bus = await server.open()
    await bus.emit(events.orderPlaced, { id: 1 })
    const outbox = () => sql`select from bus.outbox`.execute(server.database.forService('bus'))
    await until('it left', async () => (await outbox()).rows.length === 0)
    const text = await metrics.metrics()
    assert.match(
      text,
      new RegExp(`dakghar_bus_unroutable_total{event="${events.orderPlaced.service}.orderPlaced"} 1`),
    )
  })

  test('what RabbitMQ itself gives up on becomes a dead letter, though nobody of us runs', async () => {
    const { events, name, recorder, ids } = createScene(server)
    {
      await using bus = await server.open()
      await bus.declare([recorder('rejected').subscription])
      await bus.emit(events.orderPlaced, { id: 9 })
      const channel = await server.client.createChannel()
      const consumed = Promise.withResolvers<void>()
      await channel.consume(name('rejected'), (message) => {
        if (message) channel.reject(message, false)
        consumed.resolve()
      })
      await consumed.promise
      await channel.close()
    }
    await using bus = await server.open()
    const subscription = name('rejected')
    await until(
      'it is listed',
      async () => (await bus.deadLetters.list({ subscription, limit: 1 })).length === 1,
    )
    const [letter] = await bus.deadLetters.list({ subscription, limit: 1 })
    assert.match(letter?.error ?? '', /RabbitMQ: rejected/)
    assert.equal(letter?.event, `${events.orderPlaced.service}.orderPlaced`)
    await bus.subscribe([recorder('rejected')])
    assert.equal(await bus.deadLetters.replay([letter?.id ?? '']), 1)
    await until('it was handled', async () => (await ids('rejected')).length === 1)
  })

  test('a cut connection is made again, and nothing is lost meanwhile', async () => {
    const { events, recorder, ids } = createScene(server)
    await using bus = await server.open()
    await bus.subscribe([recorder('steady', { batch: 5 })])
    for (let id = 0; id < 40; id++) {
      await bus.emit(events.orderPlaced, { id })
      if (id % 10 === 5) await cutOurConnections()
    }
    await until('all came', async () => (await ids('steady')).length >= 40)
    assert.deepEqual(
      (await ids('steady')).sort((a, b) => a - b),
      Array.from({ length: 40 }, (_, id) => id),
    )
    await until('all is well', () => bus.problem() === undefined)
  })

  test('a deleted queue is declared again, and events wait for it', async () => {
    const { events, name, recorder, ids } = createScene(server)
    {
      await using bus = await server.open()
      await bus.declare([recorder('deleted').subscription])
    }
    const channel = await server.client.createChannel()
    await channel.deleteQueue(name('deleted'))
    await channel.close()
    await using bus = await server.open()
    for (let id = 0; id < 20; id++) await bus.emit(events.orderPlaced, { id })
    await until('the loss is told', () => /has lost .*deleted/.test(bus.problem() ?? ''))
    await bus.subscribe([recorder('deleted')])
    await until('all came', async () => (await ids('deleted')).length === 20)
  })

  test('a queue that is deleted under its consumer is declared again', async () => {
    const { events, name, recorder, ids } = createScene(server)
    await using bus = await server.open()
    await bus.subscribe([recorder('taken')])
    for (let round = 0; round < 5; round++) {
      const channel = await server.client.createChannel()
      await channel.deleteQueue(name('taken'))
      await channel.close()
      await bus.emit(events.orderPlaced, { id: round })
      await until('it came', async () => (await ids('taken')).length === round + 1)
    }
  })

  test('a subscription that does not fit what is declared is refused with the reason', async () => {
    const { name, recorder } = createScene(server)
    await using bus = await server.open()
    const channel = await server.client.createChannel()
    await channel.assertQueue(name('classic'), { durable: true })
    await channel.close()
    await assert.rejects(bus.subscribe([recorder('classic')]), /PRECONDITION_FAILED/)
  })

  async function management<T>(what: string): Promise<T> {
    const response = await callManagement(`/api/${what}/${server.host.name}`)
    return (await response.json()) as T
  }

  async function callManagement(path: string, method = 'GET'): Promise<Response> {
    const { origin, username, password } = new URL(server.host.managementUrl)
    const headers = { authorization: `Basic ${btoa(`${username}:${password}`)}` }
    return fetch(origin + path, { method, headers })
  }

  async function cutOurConnections(): Promise<void> {
    type Connection = { name: string; vhost: string; client_properties: { connection_name?: string } }
    const connections = (await (await callManagement('/api/connections')).json()) as Connection[]
    for (const { name, vhost, client_properties: properties } of connections)
      if (vhost === server.host.name && properties.connection_name === 'dakghar')
        await callManagement(`/api/connections/${encodeURIComponent(name)}`, 'DELETE')
  }
})

test('a broker that does not answer is told in one line after five tries', async () => {
  await using database = await testDatabase([busSchema])
  await using signals = await openSignals('local:', { log: silentLogger })
  const port = await freePort()
  const opening = openBus(`amqp://guest:secret@127.0.0.1:${port}`, { database, signals, log: silentLogger })
  await assert.rejects(opening, (error: Error) => {
    assert.match(error.message, /^RabbitMQ at amqp:\/\/127\.0\.0\.1:\d+ does not answer: .*\(5 tries\)$/)
    return true
  })
})
