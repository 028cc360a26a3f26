import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { maxBodyBytes } from './body.ts'
import { send, sendRaw, testDoor, type TestDoor } from '#services/gateway/testing.ts'

let door: TestDoor
before(async () => {
  door = await testDoor()
})
after(() => door[Symbol.asyncDispose]())

test('requests that are wrong before any service sees them', async (t) => {
  const post = (body: string | Buffer, headers: Record<string, string> = {}) => ({
    body,
    headers: { 'content-type': 'application/json', ...headers },
  })
  const latin1 = Buffer.from('{"id":1,"name":"caf\xe9"}', 'latin1')
  const cases: [what: string, options: Parameters<typeof send>[2], status: number, detail?: RegExp][] = [
    ['no content type', { body: '{}' }, 415],
    ['another content type', post('{}', { 'content-type': 'text/plain' }), 415],
    ['a form', post('id=1', { 'content-type': 'application/x-www-form-urlencoded' }), 415],
    ['almost JSON', post('{}', { 'content-type': 'application/jsonx' }), 415],
    ['another charset', post('{}', { 'content-type': 'application/json; charset=latin1' }), 415],
    ['a compressed body', post('{}', { 'content-encoding': 'gzip' }), 415],
    ['broken JSON', post('{"id": 1,\n "name" "x"}'), 400, /character 18 \(line 2, column 9\)/],
    ['JSON that ends early', post('{"id": 1'), 400, /ends too early at character 8/],
    ['not UTF-8', post(latin1), 400, /UTF-8/],
    ['overlong UTF-8', post(Buffer.from([0x22, 0xc0, 0xaf, 0x22])), 400, /UTF-8/],
    ['too large', post(`"${'x'.repeat(maxBodyBytes)}"`), 413],
    ['null', post('null'), 400],
    ['a bare number', post('1e999'), 400],
    [
      'an Idempotency-Key with spaces',
      { body: { id: 1, name: 'x' }, headers: { 'idempotency-key': 'a b' } },
      400,
    ],
    [
      'a long Idempotency-Key',
      { body: { id: 1, name: 'x' }, headers: { 'idempotency-key': 'a'.repeat(256) } },
      400,
    ],
  ]
  for (const [what, options, status, detail] of cases)
    await t.test(what, async () => {
      const reply = await send(door, 'POST /kiosk/items', options)
      assert.equal(reply.status, status)
      assert.equal(reply.headers['content-type'], 'application/problem+json')
      assert.equal(reply.json.status, status)
      if (detail) assert.match(reply.json.detail ?? '', detail)
    })
})

test('JSON comes under more than one name', async () => {
  for (const type of [
    'application/json; charset=UTF-8',
    'Application/JSON',
    'application/vnd.kiosk+json',
    'application/json;charset="utf-8"',
  ]) {
    const options = { body: '{"id":1,"name":"x"}', headers: { 'content-type': type } }
    assert.equal((await send(door, 'POST /kiosk/items', options)).status, 201, type)
  }
})

test('prototype keys are keys like others', async () => {
  const body = '{"id":1,"name":"x","__proto__":{"price":7},"__proto__":{"isAdmin":true}}'
  const reply = await send(door, 'POST /kiosk/items', {
    body,
    headers: { 'content-type': 'application/json' },
  })
  assert.notEqual(reply.status, 500)
  await send(door, 'GET /kiosk/items?__proto__=1&constructor=2&toString=3')
  assert.equal(({} as { isAdmin?: boolean }).isAdmin, undefined)
  assert.equal(({} as { price?: number }).price, undefined)
})

test('a broken percent-encoding is 400, tricks with dots and slashes are plain texts', async () => {
  for (const path of [
    '/kiosk/items/%zz',
    '/kiosk/items/%c0%af',
    '/kiosk/items?name=%',
    '/kiosk/items?name=%ff',
  ])
    assert.equal((await send(door, `GET ${path as '/'}`)).status, 400, path)
  const { json } = await send(door, 'GET /kiosk/items/..%2f..%2fetc')
  assert.deepEqual(json.errors, [{ path: 'id', message: 'Invalid input: expected number, received string' }])
})

test('a body in chunks without a length is counted too', async () => {
  const chunk = 'x'.repeat(65_536)
  const chunks = `10000\r\n${chunk}\r\n`.repeat(17)
  const head =
    'POST /kiosk/items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'
  const answer = await sendRaw(door, `${head}${chunks}0\r\n\r\n`)
  assert.match(answer, /^HTTP\/1\.1 413 /)
})

test('a body that nobody reads is skipped, and the connection goes on', async () => {
  const length = 200_000
  const unread = `POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`
  const answer = await sendRaw(door, `${unread}GET /ping HTTP/1.1\r\nHost: x\r\n\r\n`)
  assert.match(answer, /^HTTP\/1\.1 404 /)
  assert.match(answer, /ops \/ping$/)
})

test('the absolute form of an address is understood', async () => {
  const answer = await sendRaw(
    door,
    'GET http://x/kiosk/items/3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  )
  assert.match(answer, /"id":3/)
})

test('what is not HTTP is told so as a problem', async () => {
  const cases: [request: string, status: number][] = [
    ['nonsense\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx', 400],
    ['GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(17_000)}\r\n\r\n`, 431],
    ['GET /\u0000 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['GET http://[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 400],
    ['GET /a\\b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 404],
    ['OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 400],
    ['GET http://x/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 404],
  ]
  for (const [request, status] of cases) {
    const answer = await sendRaw(door, request)
    assert.equal(answer.slice(0, 12), `HTTP/1.1 ${status}`, JSON.stringify(request.slice(0, 60)))
    assert.match(answer, /application\/problem\+json/)
  }
})
