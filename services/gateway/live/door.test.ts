import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { createClient, type Caller } from '#contracts/client.ts'
import { createLiveClient } from '#contracts/live-client.ts'
import { liveCloseCodes } from '#contracts/live.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { gatewayTo } from '#services/gateway/service.ts'
import { journal, journalService, RawClient, readings, testLiveDoor, write } from './testing.ts'

const settings = { CLUSTER_KEY: 'a test', SERVICE_KEY: 'a-service-key-of-the-test' }
let host: TestHost
before(async () => {
  host = await testHost({ services: [gatewayTo([journal]), journalService], settings })
})
after(() => host[Symbol.asyncDispose]())

const announced = (of: TestHost, what: string) => of.announced.find(([name]) => name === what)![1]
const liveUrl = (of: TestHost) => `${announced(of, 'web').replace('http', 'ws')}/api/live`

async function reading(book: string, open = 1): Promise<void> {
  for (const giveUpAt = Date.now() + 5_000; Date.now() < giveUpAt; await delay(2))
    if (readings.get(book)?.open === open) return
  assert.equal(readings.get(book)?.open, open, `readings of ${book}`)
}

/** A request and its answer, as it comes. */
async function get(of: TestHost, path: string, headers: Record<string, string> = {}) {
  const asked = request(`${announced(of, 'web')}${path}`, { headers, agent: false }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  let text = ''
  answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  answer.on('error', () => undefined)
  return {
    status: answer.statusCode,
    headers: answer.headers,
    answer,
    text: () => text,
    async until(pattern: RegExp) {
      for (const giveUpAt = Date.now() + 5_000; !pattern.test(text) && Date.now() < giveUpAt;) await delay(5)
      assert.match(text, pattern)
    },
    [Symbol.dispose]: () => asked.destroy(),
  }
}

test('a WebSocket is opened by who may', async (t) => {
  const { host: authority } = new URL(announced(host, 'web'))
  const refusal = async (options: object) => {
    const socket = new WebSocket(liveUrl(host), options)
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
    response.resume()
    return response.statusCode
  }
  await t.test('a page of another origin may not', async () => {
    assert.equal(await refusal({ headers: { origin: 'https://evil.example' } }), 403)
    assert.equal(await refusal({ headers: { origin: 'null' } }), 403)
    assert.equal(await refusal({ headers: { 'sec-fetch-site': 'cross-site' } }), 403)
  })
  await t.test('our own page, a program and a key may', async () => {
    for (const headers of [{ origin: `http://${authority}` }, {}, { 'x-api-key': settings.SERVICE_KEY }]) {
      await using client = await RawClient.open(liveUrl(host), { headers })
      await client.settled()
    }
  })
  await t.test('who shows a wrong key is told by a code that a browser can read', async () => {
    const client = new RawClient(liveUrl(host), { headers: { authorization: 'Bearer wrong' } })
    assert.equal((await client.closed).code, liveCloseCodes.sessionEnded)
  })
  await t.test('a plain request is told to upgrade, an upgrade elsewhere is a plain request', async () => {
    const plain = await get(host, '/api/live')
    assert.deepEqual([plain.status, plain.headers.upgrade], [426, 'websocket'])
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket' }
    assert.equal((await get(host, '/ping', upgrade)).status, 200)
    assert.equal(
      (await get(host, '/ping', { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c' })).status,
      200,
    )
    assert.equal((await get(host, '/api/live', { ...upgrade, 'sec-websocket-version': '12' })).status, 400)
  })
})

test('who gives no sign of life is cut', async () => {
  await using door = await testLiveDoor({ heartbeatMs: 200 })
  await using alive = await RawClient.open(door.url)
  await using dead = await RawClient.open(door.url, { autoPong: false })
  await dead.closed
  await delay(500)
  assert.equal(alive.socket.readyState, WebSocket.OPEN)
  assert.equal(door.live.sockets.size, 1)
})

test('a session that ends closes its sockets and no others, at once', async () => {
  await using door = await testLiveDoor()
  await using asha = await RawClient.open(door.url, { headers: { 'x-account': 'asha' } })
  await using ravi = await RawClient.open(door.url, { headers: { 'x-account': 'ravi' } })
  asha.subscribe('ownPages', { book: 'secret' })
  await reading('secret')
  door.live.endSessions((identity) => identity.kind === 'account' && identity.accountId === 'asha')
  write('secret', 'not for asha any more')
  assert.deepEqual(await asha.closed, { code: liveCloseCodes.sessionEnded, reason: 'sessionEnded' })
  assert.deepEqual(asha.items(), [])
  await reading('secret', 0)
  await ravi.settled()
})

test('a gateway that stops tells its clients to go, and cuts who does not', async () => {
  const stopping = await testHost({
    services: [gatewayTo([journal]), journalService],
    settings: { ...settings, STOP_GRACE_MS: '1000' },
  })
  const polite = await Promise.all(Array.from({ length: 50 }, () => RawClient.open(liveUrl(stopping))))
  const deaf = await RawClient.open(liveUrl(stopping))
  deaf.socket.pause()
  using events = await get(stopping, '/journal/farewell/pages')
  const ended = once(events.answer, 'end')
  const startedAt = performance.now()
  await stopping[Symbol.asyncDispose]()
  assert.ok(performance.now() - startedAt < 4_000)
  for (const client of polite) assert.equal((await client.closed).code, liveCloseCodes.goingAway)
  await ended
  deaf.socket.terminate()
})

test('a client written against the contract follows across gateways', async () => {
  const start = () => testHost({ services: [gatewayTo([journal]), journalService], settings })
  let gateway = await start()
  const fast = { least: 20, most: 100 }
  const connect = () => new globalThis.WebSocket(liveUrl(gateway))
  using live = createLiveClient('', { connect, backOffMs: fast })
  const { pages } = createClient(journal, { stream: live.stream } as Caller)
  const seen: number[] = []
  const leave = new AbortController()
  const following = (async () => {
    for await (const { number } of pages({ book: 'ballad', after: 0 }, { signal: leave.signal }))
      seen.push(number)
  })()
  for (let restart = 0; restart < 3; restart++) {
    for (let i = 0; i < 500; i++) write('ballad', 'verse')
    await delay(50)
    const next = await start()
    const old = gateway
    gateway = next
    await old[Symbol.asyncDispose]()
  }
  write('ballad', 'last verse')
  for (const giveUpAt = Date.now() + 5_000; seen.length < 1501 && Date.now() < giveUpAt;) await delay(10)
  assert.deepEqual(
    seen,
    Array.from({ length: 1501 }, (_, i) => i + 1),
  )
  leave.abort()
  await assert.rejects(following, { code: 'cancelled' })
  await reading('ballad', 0)
  await gateway[Symbol.asyncDispose]()
})

test('the client passes on what the server refuses, and unsubscribes when its reader leaves', async () => {
  using live = createLiveClient(liveUrl(host))
  const { pages, ownPages, chapters } = createClient(journal, { stream: live.stream } as Caller)
  await assert.rejects(Array.fromAsync(ownPages({ book: 'x' })), { code: 'unauthenticated', status: 401 })
  await assert.rejects(Array.fromAsync(pages({ book: 7 } as never)), ({ fields }: { fields: object[] }) => {
    assert.deepEqual(Object.keys(fields[0]!), ['path', 'message'])
    return true
  })
  assert.deepEqual(
    await Array.fromAsync(chapters({ count: 1000 })),
    Array.from({ length: 1000 }, (_, i) => i + 1),
  )
  write('essay', 'one', 'two')
  for await (const { number } of pages({ book: 'essay', after: 0 })) if (number === 2) break
  await reading('essay', 0)
})

test('a reader that pauses is sent no more than a window, and then all the rest', async () => {
  using live = createLiveClient(liveUrl(host))
  const { pages } = createClient(journal, { stream: live.stream } as Caller)
  write('epic', ...Array.from({ length: 3000 }, () => 'line'))
  const numbers: number[] = []
  for await (const { number } of pages({ book: 'epic', after: 0 })) {
    numbers.push(number)
    if (number % 1000 === 1) await delay(100)
    if (number === 3000) break
  }
  assert.deepEqual(
    numbers,
    Array.from({ length: 3000 }, (_, i) => i + 1),
  )
})

test('the same streams come as server-sent events', async () => {
  write('gazette', 'old')
  using news = await get(host, '/journal/gazette/pages')
  assert.equal(news.status, 200)
  assert.equal(news.headers['content-type'], 'text/event-stream')
  assert.equal(news.headers['cache-control'], 'no-store')
  await news.until(/^retry: \d+\n\n/)
  await reading('gazette')
  write('gazette', 'two\nlines', 'ড')
  await news.until(/ড/)
  assert.equal(
    news.text().split('\n\n').slice(1).join('\n\n'),
    'id: 2\ndata: {"number":2,"text":"two\\nlines"}\n\nid: 3\ndata: {"number":3,"text":"ড"}\n\n',
  )
  using again = await get(host, '/journal/gazette/pages?after=0', { 'last-event-id': '2' })
  await again.until(/id: 3\n/)
  assert.doesNotMatch(again.text(), /id: [12]\n/)
  using all = await get(host, '/journal/gazette/pages?after=0')
  await all.until(/id: 1\n[^]*id: 2\n[^]*id: 3\n/)
  for (const events of [news, again, all]) events[Symbol.dispose]()
  await reading('gazette', 0)
})

test('events that can not be had are a problem document, and one that breaks off says so', async () => {
  const invalid = await get(host, '/journal/gazette/pages?after=x')
  assert.deepEqual([invalid.status, invalid.headers['content-type']], [400, 'application/problem+json'])
  assert.equal((await get(host, '/journal/gazette/pages', { 'last-event-id': 'x' })).status, 400)
  assert.equal((await get(host, '/journal/gazette/pages', { authorization: 'Bearer wrong' })).status, 401)
  const head = request(`${announced(host, 'web')}/journal/gazette/pages`, {
    method: 'HEAD',
    agent: false,
  }).end()
  const [answer] = (await once(head, 'response')) as [IncomingMessage]
  assert.equal(answer.headers['content-type'], 'text/event-stream')
  answer.resume()
  await once(answer, 'end')
  await reading('gazette', 0)
})

test('a slow reader of events holds up nobody and misses nothing', async () => {
  const text = 'x'.repeat(64 * 1024)
  write('almanac', text)
  using slow = await get(host, '/journal/almanac/pages?after=0')
  using fast = await get(host, '/journal/almanac/pages?after=0')
  await Promise.all([slow.until(/id: 1\n/), fast.until(/id: 1\n/)])
  slow.answer.pause()
  for (let number = 2; number <= 150; number++) {
    write('almanac', text)
    if (number % 10 === 0) await fast.until(new RegExp(`id: ${number}\n`))
  }
  assert.doesNotMatch(slow.text(), /id: 150\n/)
  slow.answer.resume()
  await slow.until(/id: 150\n[^]*\n\n$/)
  const numbers = Array.from(slow.text().matchAll(/^id: (\d+)$/gm), ([, number]) => Number(number))
  assert.deepEqual(
    numbers,
    Array.from({ length: 150 }, (_, i) => i + 1),
  )
})
