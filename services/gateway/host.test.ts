import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import depotService, { depot } from '#platform/testing/depot/service.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { gatewayTo } from './service.ts'
import { send } from './testing.ts'

const key = 'key-for-the-tests'
let host: TestHost
let door: { port: number }
before(async () => {
  host = await testHost({ services: [gatewayTo([depot]), depotService], settings: { SERVICE_KEY: key } })
  const [, address = ''] = host.announced.find(([what]) => what === 'web') ?? []
  door = { port: Number(new URL(address).port) }
})
after(() => host[Symbol.asyncDispose]())

test('a command that comes by HTTP is done once for each Idempotency-Key', async () => {
  const post = (body: object) =>
    send(door, 'POST /api/parcels', { body, headers: { 'idempotency-key': 'p-1' } })
  const first = await post({ id: 'p1', grams: 10 })
  assert.equal(first.status, 201)
  const again = await post({ id: 'p1', grams: 10 })
  assert.equal(again.status, 201)
  assert.equal(again.text, first.text)
  assert.equal((await post({ id: 'p2', grams: 10 })).status, 422)
  assert.equal((await host.client(depot).countParcels({})).parcels, 1)
})

test('what the service refuses leaves as its problem', async () => {
  const wrong = await send(door, 'POST /api/parcels', { body: { id: '', grams: 0.5 } })
  assert.equal(wrong.status, 400)
  assert.deepEqual(wrong.json.errors?.map(({ path }) => path).toSorted(), ['grams', 'id'])
  const heavy = await send(door, 'POST /api/parcels', { body: { id: 'p3', grams: 5000 } })
  assert.equal(heavy.status, 409)
  assert.equal(heavy.json.code, 'tooHeavy')
  assert.equal(heavy.json.detail, 'A parcel weighs at most 1 kg.')
})

test('a count is sent again only when it has changed', async () => {
  const before = await send(door, 'GET /api/parcels/count')
  const headers = { 'if-none-match': before.headers.etag }
  await send(door, 'POST /api/parcels', { body: { id: 'p4', grams: 1 } })
  assert.equal((await send(door, 'GET /api/parcels/count', { headers })).status, 200)
})

test('the service key of the house opens /metrics to others', async () => {
  const headers = { 'x-forwarded-for': '203.0.113.9', 'x-api-key': key }
  const { status, text } = await send(door, 'GET /metrics', { headers })
  assert.equal(status, 200)
  assert.match(text, /dakghar_http_requests_total\{/)
})

test('the process says how it is', async () => {
  assert.equal((await send(door, 'GET /ping')).text, 'OK')
  assert.equal((await send(door, 'GET /ready')).status, 200)
  assert.match((await send(door, 'GET /health')).headers['content-type'] ?? '', /json/)
})
