import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { livePath } from '#contracts/live.ts'
import { send, sendRaw, serviceKey, testDoor } from '#services/gateway/testing.ts'

const blocked = (range: string, expiresAt: string | null = null) => ({
  id: crypto.randomUUID(),
  range,
  reason: 'spam',
  expiresAt,
  createdAt: new Date().toISOString(),
})
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })

test('a blocked address gets 403 at every door from the edit on, and comes in again when it is taken off', async () => {
  await using door = await testDoor({}, { policy: { trustedProxies: 1 } })
  const asks = async (path: string, address: string) =>
    (await send(door, `GET ${path as '/'}`, from(address))).status
  assert.equal(await asks('/kiosk/items', '203.0.113.9'), 200)
  const soon = new Date(Date.now() + 3_000).toISOString()
  door.protection.blocklist.replace([blocked('203.0.113.0/24'), blocked('2001:db8::/32', soon)])
  for (const path of ['/kiosk/items', '/ping', '/nothing', '/'])
    assert.equal(await asks(path, '203.0.113.9'), 403, path)
  assert.equal(await asks('/kiosk/items', '2001:db8:7::1'), 403)
  assert.equal(await asks('/kiosk/items', '203.0.114.9'), 200)
  const { headers, json } = await send(door, 'GET /kiosk/items', from('203.0.113.9'))
  assert.equal(headers['content-type'], 'application/problem+json')
  assert.equal(headers.connection, 'close')
  assert.equal(json.code, 'forbidden')
  await sleep(3_050)
  assert.equal(await asks('/kiosk/items', '2001:db8:7::1'), 200)
  door.protection.blocklist.replace([])
  assert.equal(await asks('/kiosk/items', '203.0.113.9'), 200)
})

test('connections, requests at work and WebSockets of an address that gets blocked are closed', async () => {
  const never = new Promise<void>(() => undefined)
  const hostOf = { wait: () => never }
  for (const [policy, headers] of [
    [{}, {}],
    [{ trustedProxies: 1 }, { 'x-forwarded-for': '127.0.0.1' }],
  ] as const) {
    await using door = await testDoor(hostOf, { policy })
    const socket = new WebSocket(`ws://127.0.0.1:${door.port}${livePath}`, { headers })
    await once(socket, 'open')
    const socketClosed = once(socket, 'close')
    const waiting = assert.rejects(send(door, 'GET /kiosk/wait', { headers }), { code: 'ECONNRESET' })
    await until(() => door.protection.snapshot().requests === 1)
    const startedAt = performance.now()
    door.protection.blocklist.replace([blocked('127.0.0.1')])
    await Promise.all([socketClosed, waiting])
    assert.ok(performance.now() - startedAt < 500)
    const again = new WebSocket(`ws://127.0.0.1:${door.port}${livePath}`, { headers })
    const [error] = (await once(again, 'error')) as [Error]
    assert.match(error.message, /403/)
  }
})

test('more requests than are taken at a time get 503 at once, and probes are answered', async () => {
  const finish = Promise.withResolvers<string>()
  await using door = await testDoor({ wait: () => finish.promise }, { policy: { mostRequests: 3 } })
  const running = Array.from({ length: 3 }, () => send(door, 'GET /kiosk/wait'))
  await until(() => door.protection.snapshot().requests === 3)
  const startedAt = performance.now()
  const shed = await send(door, 'GET /kiosk/items')
  assert.ok(performance.now() - startedAt < 500)
  assert.equal(shed.status, 503)
  assert.equal(shed.headers['retry-after'], '1')
  assert.equal(shed.json.code, 'overloaded')
  for (const path of ['/ping', '/health'] as const)
    assert.equal((await send(door, `GET ${path}`)).status, 200)
  assert.equal((await send(door, 'GET /metrics', { headers: { 'x-api-key': serviceKey } })).status, 200)
  finish.resolve('done')
  for (const { status } of await Promise.all(running)) assert.equal(status, 200)
  assert.equal((await send(door, 'GET /kiosk/items')).status, 200)
})

test('2,000 slow connections are cut, and others are served meanwhile', { timeout: 120_000 }, async () => {
  await using door = await testDoor()
  const openings = [
    '',
    'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ',
    'POST /kiosk/items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
    'POST /kiosk/tags HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n',
  ]
  const slow: Socket[] = []
  for (let i = 0; i < 2_000; i++) {
    const socket = connect(door.port, '127.0.0.1').on('error', () => undefined)
    socket.write(openings[i % openings.length]!)
    socket.resume()
    slow.push(socket)
    if (i % 100 === 99) await once(socket, 'connect')
  }
  const trickle = setInterval(() => {
    for (const socket of slow) if (socket.writable) socket.write('x')
  }, 1_000)
  try {
    await until(() => door.protection.snapshot().connections >= 1_900)
    for (let i = 0; i < 20; i++) {
      const startedAt = performance.now()
      assert.equal((await send(door, 'POST /kiosk/items', { body: { id: 1, name: 'tea' } })).status, 201)
      assert.ok(performance.now() - startedAt < 3_000)
    }
    await until(() => slow.every((socket) => socket.closed), 60_000)
    assert.equal((await send(door, 'GET /ping')).status, 200)
  } finally {
    clearInterval(trickle)
    for (const socket of slow) socket.destroy()
  }
})

test('one address has its share of the connections, and all together have theirs', async () => {
  await using door = await testDoor(
    {},
    { policy: { exempt: [], mostConnectionsPerAddress: 5, mostConnections: 8 } },
  )
  const open = async (localAddress: string) => {
    const socket = connect({ port: door.port, host: '127.0.0.1', localAddress }).on('error', () => undefined)
    socket.write('GET /ping HTTP/1.1\r\nHost: x\r\n\r\n')
    const [answer] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [unknown]
    return { socket, isServed: Buffer.isBuffer(answer) }
  }
  const first = []
  for (let i = 0; i < 7; i++) first.push(await open('127.0.0.1'))
  assert.deepEqual(
    first.map(({ isServed }) => isServed),
    [true, true, true, true, true, false, false],
  )
  const other = []
  for (let i = 0; i < 4; i++) other.push(await open('127.0.0.2'))
  assert.deepEqual(
    other.map(({ isServed }) => isServed),
    [true, true, true, false],
  )
  first[0]!.socket.destroy()
  await until(() => door.protection.snapshot().connections === 7)
  const later = await open('127.0.0.1')
  assert.equal(later.isServed, true)
  for (const { socket } of [...first, ...other, later]) socket.destroy()
})

test('what one connection asks for in one go is bounded', async () => {
  await using door = await testDoor()
  const answer = await sendRaw(door, 'GET /kiosk/items HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(200))
  const statuses = Array.from(answer.matchAll(/HTTP\/1\.1 (\d+) /g), ([, status]) => status)
  assert.equal(statuses.length, 200)
  assert.ok(statuses.filter((status) => status === '200').length >= 64)
  assert.ok(statuses.includes('503'))
})

test('pages of other origins may call when they are on the list', async () => {
  const { corsFor } = await import('./cors.ts')
  await using door = await testDoor(
    {},
    { policy: { cors: corsFor('https://app.example.org, http://localhost:5173') } },
  )
  const asked = { origin: 'https://app.example.org', 'access-control-request-method': 'POST' }
  const preflight = await send(door, 'OPTIONS /kiosk/items', {
    headers: { ...asked, 'access-control-request-headers': 'content-type,idempotency-key' },
  })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers['access-control-allow-origin'], 'https://app.example.org')
  assert.equal(preflight.headers['access-control-allow-credentials'], 'true')
  assert.equal(preflight.headers['access-control-allow-methods'], 'GET, HEAD, POST, OPTIONS')
  assert.equal(preflight.headers['access-control-allow-headers'], 'content-type,idempotency-key')

  const call = await send(door, 'GET /kiosk/items', { headers: { origin: 'http://localhost:5173' } })
  assert.equal(call.headers['access-control-allow-origin'], 'http://localhost:5173')
  assert.match(call.headers['access-control-expose-headers']!, /RateLimit-Remaining/)
  assert.equal(call.headers.vary, 'Origin')
  const foreign = [
    undefined,
    'null',
    'https://app.example.org.evil.test',
    'http://app.example.org',
    'https://App.Example.org',
  ]
  for (const origin of foreign) {
    const headers = { ...asked, origin }
    for (const refused of [
      await send(door, 'GET /kiosk/items', { headers }),
      await send(door, 'OPTIONS /kiosk/items', { headers }),
    ]) {
      assert.equal(refused.headers['access-control-allow-origin'], undefined, origin)
      assert.equal(refused.headers.vary, 'Origin')
    }
  }
  assert.equal(corsFor(''), undefined)
  for (const wrong of ['*', 'app.example.org', 'https://app.example.org/', 'https://a.example, b'])
    assert.throws(() => corsFor(wrong), /CORS_ORIGINS/, wrong)
})

test('without a list no page of another origin may call', async () => {
  await using door = await testDoor()
  const { headers } = await send(door, 'OPTIONS /kiosk/items', {
    headers: { origin: 'https://app.example.org', 'access-control-request-method': 'POST' },
  })
  for (const name of Object.keys(headers)) assert.doesNotMatch(name, /access-control/)
})

test('every answer tells browsers what not to do', async () => {
  await using door = await testDoor()
  for (const path of ['/', '/kiosk/items', '/nothing', '/ping'] as const) {
    const { headers } = await send(door, `GET ${path}`)
    assert.equal(headers['x-content-type-options'], 'nosniff', path)
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin', path)
    assert.equal(headers['strict-transport-security'], undefined, path)
  }
  const { headers } = await send(door, 'GET /')
  assert.equal(headers['x-frame-options'], 'DENY')
  assert.ok(headers['referrer-policy'])
  assert.match(headers['content-security-policy'] as string, /frame-ancestors 'none'/)
})

test('probes and metrics are in no trace', async () => {
  await using door = await testDoor()
  for (const path of ['/ping', '/health', '/ready', '/metrics'] as const) await send(door, `GET ${path}`)
  await send(door, 'GET /kiosk/items')
  assert.deepEqual(
    door.spans.map(({ name }) => name),
    ['GET /kiosk/items'],
  )
})

async function until(isTrue: () => boolean, timeoutMs = 10_000): Promise<void> {
  const giveUpAt = Date.now() + timeoutMs
  while (!isTrue()) {
    if (Date.now() > giveUpAt) throw new Error('it does not come true')
    await sleep(10)
  }
}
