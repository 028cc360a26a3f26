/** Streams from the outside: a tail of the logs by both doors, and streams that go on while processes go. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient, type Caller } from '#contracts/client.ts'
import { createLiveClient } from '#contracts/live-client.ts'
import { logs } from '#contracts/logs.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { journal, journalService, RawClient, write } from '#services/gateway/live/testing.ts'
import gatewayService, { gatewayTo } from '../services/gateway/service.ts'
import logsService from '../services/logs/service.ts'
import registryService from '../services/registry/service.ts'
import { startCluster } from './cluster.ts'

const kills = Number(process.env.TEST_LIVE_KILLS ?? 2)
const SERVICE_KEY = 'the-service-key-of-the-cluster'
const headers = { 'x-api-key': SERVICE_KEY }
const announced = (of: TestHost, what: string) => of.announced.find(([name]) => name === what)![1]
const liveUrl = (web: string) => `${web.replace('http', 'ws')}/api/live`

/** Node's own WebSocket takes headers, a browser's does not. */
const openSocket = (url: string) => new WebSocket(url, { headers } as unknown as string[])

test('lines are followed by WebSocket and by server-sent events', async () => {
  await using host = await testHost({
    services: [gatewayService, logsService],
    roles: ['gateway', 'logs/api'],
    settings: { SERVICE_KEY },
  })
  const web = announced(host, 'web')
  using live = createLiveClient(liveUrl(web), { connect: openSocket })
  const following = createClient(logs, { stream: live.stream } as Caller).tail({ name: 'kitchen' })
  const followed = following[Symbol.asyncIterator]()
  const first = followed.next()
  const events = await fetch(`${web}/api/logs/tail?name=kitchen`, { headers })
  await delay(200)
  const { writeLines } = host.client(logs)
  await writeLines({
    lines: [
      { name: 'kitchen', data: 'tea' },
      { name: 'garden', data: 'roses' },
    ],
  })
  await writeLines({ lines: [{ name: 'kitchen', data: 'cake' }] })
  assert.equal((await first).value?.data, 'tea')
  const second = (await followed.next()).value!
  assert.equal(second.data, 'cake')
  await followed.return?.()

  let text = ''
  for await (const chunk of events.body!) {
    text += Buffer.from(chunk).toString()
    if (text.includes('cake')) break
  }
  const [tea, cake] = text.split('\n\n').slice(1)
  assert.match(tea!, /^id: \d+-[0-9a-f-]{36}\ndata: \{.*"data":"tea"/)
  assert.equal(cake!.split('\n')[0], `id: ${second.position}`)
  const rest = await fetch(`${web}/api/logs/tail?name=kitchen`, {
    headers: { ...headers, 'last-event-id': tea!.slice('id: '.length, tea!.indexOf('\n')) },
  })
  for await (const chunk of rest.body!) {
    const again = Buffer.from(chunk).toString()
    assert.doesNotMatch(again, /tea/)
    if (again.includes('cake')) break
  }
})

test('when the instance that gives a stream goes, another one goes on with it', async () => {
  await using stack = new AsyncDisposableStack()
  const services = [gatewayTo([journal]), journalService, registryService]
  const shared = { CLUSTER_KEY: 'a test', STOP_GRACE_MS: '2000' }
  const gateway = stack.use(await testHost({ services, roles: ['gateway', 'registry'], settings: shared }))
  const settings = { ...shared, DATABASE_URL: gateway.databaseUrl, REGISTRY_URL: announced(gateway, 'RPC') }
  const start = () => testHost({ services, roles: ['journal'], settings })
  const leaving = [await start(), await start()]
  stack.use(await start())
  const clients = await Promise.all(
    Array.from({ length: 10 }, async () =>
      stack.use(await RawClient.open(liveUrl(announced(gateway, 'web')))),
    ),
  )
  for (const [i, client] of clients.entries())
    client.subscribe('pages', { book: `serial ${i % 5}` }, { after: 0 })
  let isOver = false
  let last = 0
  const writing = (async () => {
    while (!isOver) {
      for (let i = 0; i < 5; i++) write(`serial ${i}`, 'page')
      last++
      for (const client of clients) client.send({ type: 'credit', id: 1, items: 2 })
      await delay(10)
    }
  })()
  for (const instance of leaving) {
    await delay(500)
    await instance[Symbol.asyncDispose]()
  }
  await delay(200)
  isOver = true
  await writing
  const expected = Array.from({ length: last }, (_, i) => i + 1)
  for (const client of clients) {
    await client.until(() => client.numbers().length >= last)
    assert.deepEqual(client.numbers(), expected)
    assert.ok(client.received.every(({ type }) => type === 'item'))
  }
})

test('a tail misses nothing while instances and gateways are killed', async () => {
  await using cluster = await startCluster()
  const instances = [await cluster.add(['logs/api']), await cluster.add(['logs/api'])]
  const gateways = await Promise.all([cluster.add(['gateway']), cluster.add(['gateway'])])
  let connections = 0
  using live = createLiveClient('', {
    connect: () => openSocket(liveUrl(gateways[connections++ % 2]!.web)),
    backOffMs: { least: 50, most: 500 },
  })
  const { tail } = createClient(logs, { stream: live.stream } as Caller)
  const seen: string[] = []
  const leave = new AbortController()
  const following = (async () => {
    for await (const { data } of tail({ name: 'counted' }, { signal: leave.signal })) seen.push(data)
  })()

  let written = 0
  /** Again and again until it is in: the id makes that harmless. */
  async function writeNext(): Promise<void> {
    const id = crypto.randomUUID()
    const body = JSON.stringify({ lines: [{ id, name: 'counted', data: String(written) }] })
    const options = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body }
    for (;;) {
      const { web } = gateways[Math.floor(Math.random() * 2)]!
      const answer = await fetch(`${web}/log/lines`, options).catch(() => undefined)
      if (answer?.ok) break
      await delay(50)
    }
    written++
  }
  // From now on is from when the first line arrives.
  while (seen.length === 0) await Promise.all([writeNext(), delay(100)])
  const first = Number(seen[0])

  const victims = [instances[0]!, gateways[0]!, instances[1]!, gateways[1]!]
  for (const victim of victims.slice(0, kills)) {
    for (let line = 0; line < 5; line++) await writeNext()
    await victim.program.stop('SIGKILL')
    for (let line = 0; line < 5; line++) await writeNext()
    await victim.start()
  }
  for (const giveUpAt = Date.now() + 20_000; Number(seen.at(-1)) < written - 1 && Date.now() < giveUpAt;)
    await delay(50)
  assert.deepEqual(
    seen,
    Array.from({ length: written - first }, (_, i) => String(first + i)),
  )
  leave.abort()
  await assert.rejects(following, { code: 'cancelled' })
})
