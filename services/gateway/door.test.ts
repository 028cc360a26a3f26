import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CallError, standardError, standardErrors } from '#contracts/errors.ts'
import { emptyDirectory } from '#platform/host/directory.ts'
import { metrics } from '#platform/metrics.ts'
import { openDoor } from './door.ts'
import { kiosk, send, serviceKey, testDoor, type TestDoor } from './testing.ts'

let door: TestDoor
let failure: unknown
before(async () => {
  door = await testDoor({
    countItems() {
      throw failure
    },
    hang: () => new Promise(() => undefined),
  })
})
after(() => door[Symbol.asyncDispose]())

test('a call is answered with the status of its door', async () => {
  const reply = await send(door, 'POST /kiosk/items', { body: { id: 1, name: 'tea' } })
  assert.equal(reply.status, 201)
  assert.equal(reply.headers['content-type'], 'application/json')
  assert.equal(reply.headers['cache-control'], 'no-store')
  assert.equal(reply.headers['x-content-type-options'], 'nosniff')
  assert.deepEqual(reply.json.input, { id: 1, name: 'tea' })
})

test('texts of the address become what the input wants', async () => {
  const path = '/kiosk/items?limit=3&isNew=true&tags=a&sizes=1&sizes=2&name=7'
  const { status, json } = await send(door, `GET ${path}`)
  assert.equal(status, 200)
  assert.deepEqual(json.input, { limit: 3, isNew: true, tags: ['a'], sizes: [1, 2], name: '7' })
  assert.deepEqual((await send(door, 'GET /kiosk/items/12')).json.input, { id: 12 })
  assert.deepEqual((await send(door, 'GET /kiosk/items?name=%E0%A6%A1%26+x')).json.input.name, 'ড& x')
})

test('every wrong field is named at once', async () => {
  const { status, json } = await send(
    door,
    'GET /kiosk/items?limit=many&isNew=1&sizes=x&name=a&name=b&colour=red',
  )
  assert.equal(status, 400)
  assert.equal(json.code, 'invalid')
  assert.deepEqual(json.errors?.map(({ path }) => path)?.toSorted(), [
    '',
    'isNew',
    'limit',
    'name',
    'sizes.0',
  ])
})

test('path and body together are the input, and the path wins', async () => {
  for (const method of ['PATCH', 'PUT'] as const) {
    const { json } = await send(door, `${method} /kiosk/items/4`, { body: { id: 9, name: 'jam' } })
    assert.deepEqual(json.input, { id: 4, name: 'jam' })
  }
  assert.deepEqual((await send(door, 'PATCH /kiosk/items/4')).json.input, { id: 4 })
  assert.equal((await send(door, 'PATCH /kiosk/items/4', { body: [1] })).status, 400)
})

test('a body that is not an object is the whole input', async () => {
  assert.deepEqual((await send(door, 'POST /kiosk/tags', { body: ['a', 'b'] })).json.input, ['a', 'b'])
})

test('a fixed path comes before one with a parameter', async () => {
  failure = standardError('conflict')
  assert.equal((await send(door, 'GET /kiosk/items/count')).status, 409)
})

test('HEAD answers like GET without content', async () => {
  const [head, get] = [await send(door, 'HEAD /kiosk/items'), await send(door, 'GET /kiosk/items')]
  assert.equal(head.status, 200)
  assert.equal(head.text, '')
  assert.equal(head.headers.etag, get.headers.etag)
})

test('OPTIONS and 405 tell the methods of a path', async () => {
  const options = await send(door, 'OPTIONS /kiosk/items')
  assert.equal(options.status, 204)
  assert.equal(options.headers.allow, 'GET, HEAD, POST, OPTIONS')
  for (const method of ['DELETE', 'TRACE', 'PROPFIND'] as const) {
    const refused = await send(door, `${method} /kiosk/items`)
    assert.equal(refused.status, 405, method)
    assert.equal(refused.headers.allow, 'GET, HEAD, POST, OPTIONS')
    assert.equal(refused.json.code, 'methodNotAllowed')
  }
})

test('a path that nobody answers is 404', async () => {
  for (const path of [
    '/nothing',
    '/kiosk',
    '/kiosk/items/',
    '/KIOSK/items',
    '/kiosk/items/1/2',
    '//',
    '/kiosk%2Fitems',
  ])
    assert.equal((await send(door, `GET ${path as '/'}`)).status, 404, path)
})

test('an expected failure leaves as its problem', async () => {
  for (const [code, status] of Object.entries(standardErrors)) {
    failure = standardError(code as keyof typeof standardErrors, 'Because.', { retryAfterSeconds: 7 })
    const { status: answered, headers, json } = await send(door, 'GET /kiosk/items/count')
    assert.equal(answered, status, code)
    assert.equal(headers['content-type'], 'application/problem+json')
    assert.equal(headers['retry-after'], '7')
    assert.equal(headers['www-authenticate'], status === 401 ? 'Bearer realm="dakghar"' : undefined)
    assert.deepEqual(
      Object.keys(json).toSorted(),
      ['code', 'status', 'title', 'traceId', 'type', ...(code === 'internal' ? [] : ['detail'])].toSorted(),
    )
    assert.equal(json.code, code)
    assert.match(json.traceId ?? '', /^[0-9a-f]{32}$/)
  }
  failure = new CallError('soldOut', 409, { fields: [{ path: 'id', message: 'none left' }] })
  const { json } = await send(door, 'GET /kiosk/items/count')
  assert.equal(json.title, 'Sold out')
  assert.deepEqual(json.errors, [{ path: 'id', message: 'none left' }])
  failure = standardError('unavailable')
  assert.match((await send(door, 'GET /kiosk/items/count')).headers['retry-after'] ?? '', /^\d+$/)
})

test('a bug is 500 without detail, logged once with its trace', async () => {
  failure = new TypeError('secret of the house')
  const { status, text, json } = await send(door, 'GET /kiosk/items/count')
  assert.equal(status, 500)
  assert.doesNotMatch(text, /secret/)
  const logged = door.lines.filter(({ err }) => err !== undefined)
  assert.equal(logged.length, 1)
  assert.equal(logged[0]!.traceId, json.traceId)
})

test('a call that hangs ends at its deadline', async () => {
  const startedAt = Date.now()
  const { status, json } = await send(door, 'GET /kiosk/hang')
  assert.equal(status, 504)
  assert.equal(json.code, 'deadlineExceeded')
  assert.ok(Date.now() - startedAt < 1_500)
})

test('who asks is known by a key, and a wrong key is nobody', async () => {
  const till = (headers: Record<string, string>) => send(door, 'POST /kiosk/till', { headers })
  const holder = { kind: 'service', name: 'test' }
  for (const headers of [
    { authorization: `Bearer ${serviceKey}` },
    { authorization: `bearer  ${serviceKey}` },
    { 'x-api-key': serviceKey },
  ]) {
    const { status, json } = await till(headers)
    assert.equal(status, 200)
    assert.deepEqual(json.identity, holder)
  }
  for (const headers of [
    {},
    { authorization: 'Bearer wrong' },
    { authorization: `Basic ${serviceKey}` },
    { authorization: 'Bearer' },
    { 'x-api-key': '' },
    { 'x-api-key': 'wrong' },
  ]) {
    const { status, headers: answered } = await till(headers)
    assert.equal(status, 401, JSON.stringify(headers))
    assert.equal(answered['www-authenticate'], 'Bearer realm="dakghar"')
  }
  const everybody = await send(door, 'GET /kiosk/items', { headers: { 'x-api-key': 'wrong' } })
  assert.equal(everybody.status, 401)
})

test('the Idempotency-Key of a command reaches the service', async () => {
  const headers = { 'idempotency-key': 'k-1' }
  const { json } = await send(door, 'POST /kiosk/items', { body: { id: 1, name: 'x' }, headers })
  assert.equal(json.idempotencyKey, 'k-1')
  assert.equal((await send(door, 'GET /kiosk/items', { headers })).json.idempotencyKey, undefined)
})

test('an answer that has not changed is not sent again', async () => {
  const first = await send(door, 'GET /kiosk/items?limit=2')
  const { etag = '' } = first.headers
  assert.match(etag, /^"[\w-]+"$/)
  assert.equal(first.headers['cache-control'], 'private, no-cache')
  for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const again = await send(door, 'GET /kiosk/items?limit=2', { headers: { 'if-none-match': known } })
    assert.equal(again.status, 304, known)
    assert.equal(again.text, '')
    assert.equal(again.headers.etag, etag)
  }
  const other = await send(door, 'GET /kiosk/items?limit=3', { headers: { 'if-none-match': etag } })
  assert.equal(other.status, 200)
})

test('a trace goes on, and a request has one line, one span and one count', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, 'x-correlation-id': 'order-7' }
  const reply = await send(door, 'GET /kiosk/items/5', { headers })
  assert.equal(reply.headers['x-correlation-id'], 'order-7')
  const lines = door.lines.filter((line) => line.traceId === traceId)
  assert.equal(lines.length, 1)
  const { method, route, status, bytes, correlationId } = lines[0]!
  assert.deepEqual(
    { method, route, status, bytes, correlationId },
    {
      method: 'GET',
      route: '/kiosk/items/{id}',
      status: 200,
      bytes: reply.text.length,
      correlationId: 'order-7',
    },
  )
  assert.deepEqual(
    door.spans.filter((span) => span.traceId === traceId),
    [{ traceId, name: 'GET /kiosk/items/{id}', error: undefined }],
  )
  assert.match(
    await metrics.metrics(),
    /dakghar_http_requests_total\{method="GET",route="\/kiosk\/items\/\{id\}",status="200"\} [1-9]/,
  )
  const strange = await send(door, 'GET /kiosk/items', { headers: { 'x-correlation-id': 'a b<c>' } })
  assert.match(strange.headers['x-correlation-id'] as string, /^[0-9a-f]{32}$/)
})

test('probes are for everybody, metrics for this machine and for service keys', async () => {
  for (const path of ['/ping', '/health'] as const)
    assert.equal((await send(door, `GET ${path}`)).text, `ops ${path}`)
  assert.equal((await send(door, 'GET /ready')).status, 503)
  assert.equal((await send(door, 'GET /metrics')).status, 200)
  const headers = { 'x-forwarded-for': '203.0.113.9' }
  assert.equal((await send(door, 'GET /metrics', { headers })).status, 401)
  assert.equal(
    (await send(door, 'GET /metrics', { headers: { ...headers, 'x-api-key': serviceKey } })).status,
    200,
  )
})

test('the root says that somebody is at home', async () => {
  const broker = await send(door, 'POST /')
  assert.equal(broker.status, 200)
  assert.deepEqual(broker.json, { error: false, message: 'Hit the broker' })
  const page = await send(door, 'GET /')
  assert.match(page.headers['content-type'] ?? '', /^text\/html/)
  assert.match(page.headers['content-security-policy'] as string, /default-src 'none'/)
  assert.match(page.text, /href="\/api\/docs"/)
})

test('a port that is taken is told in one line', async () => {
  const options = {
    port: door.port,
    host: '127.0.0.1',
    stopGraceMs: 0,
    log: undefined as never,
    process: { stopping: new AbortController().signal, directory: emptyDirectory } as never,
    protection: door.protection,
    stores: {} as never,
    webDirectory: '',
  }
  await assert.rejects(openDoor([kiosk], options), ({ message }: Error) => {
    assert.match(message, /PORT/)
    assert.doesNotMatch(message, /\n/)
    return true
  })
})

test('two calls behind one door do not start', async () => {
  const twice = { ...kiosk, name: 'twin' }
  const options = {
    port: 0,
    host: '127.0.0.1',
    stopGraceMs: 0,
    log: undefined as never,
    process: {} as never,
    protection: door.protection,
    stores: {} as never,
    webDirectory: '',
  }
  await assert.rejects(openDoor([kiosk, twice], options), /two calls want/)
})

test('a client that goes away aborts its call', async () => {
  const aborted = Promise.withResolvers<void>()
  const started = Promise.withResolvers<void>()
  await using waiting = await testDoor({
    wait: (_, { signal }) => {
      signal!.addEventListener('abort', () => aborted.resolve())
      started.resolve()
      return aborted.promise
    },
  })
  const socket = connect(waiting.port, '127.0.0.1', () =>
    socket.write('GET /kiosk/wait HTTP/1.1\r\nHost: x\r\n\r\n'),
  )
  await started.promise
  socket.destroy()
  await aborted.promise
  await sleep(20)
  assert.equal(waiting.lines.at(-1)!.status, 499)
})

test('a stop answers what runs, closes what is idle and takes nothing new', async () => {
  const finish = Promise.withResolvers<string>()
  const started = Promise.withResolvers<void>()
  const stopped = await testDoor({
    wait: () => {
      started.resolve()
      return finish.promise
    },
  })
  const idle = connect(stopped.port, '127.0.0.1', () => idle.write('GET /ping HTTP/1.1\r\nHost: x\r\n\r\n'))
  await once(idle, 'data')
  const running = send(stopped, 'GET /kiosk/wait', { headers: { connection: 'keep-alive' } })
  await started.promise
  stopped.stop()
  await once(idle, 'close')
  await assert.rejects(send(stopped, 'GET /ping'), { code: 'ECONNREFUSED' })
  const disposed = stopped[Symbol.asyncDispose]()
  finish.resolve('done')
  const reply = await running
  assert.equal(reply.status, 200)
  assert.equal(reply.headers.connection, 'close')
  await disposed
})
