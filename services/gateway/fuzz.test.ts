import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ask, strictUpstream } from '#services/gateway/protection/testing.ts'
import { proxyDoor } from '#services/gateway/proxy/testing.ts'
import { send, sendRaw, testDoor } from './testing.ts'

const requests = 10_000
const warmUp = 2_000
const atOnce = 48
const seed = Number(process.env.FUZZ_SEED ?? 20_260_101)

const json = 'Content-Type: application/json'
const originals = [
  'GET /kiosk/items?limit=3&isNew=true&tags=a&tags=b&sizes=1 HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n',
  'GET /kiosk/items/7 HTTP/1.1\r\nHost: x\r\nIf-None-Match: "abc", W/"d"\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n',
  `POST /kiosk/items HTTP/1.1\r\nHost: x\r\n${json}\r\nIdempotency-Key: k\r\nContent-Length: 35\r\n\r\n{"id":1,"name":"tea","price":12.50}`,
  `POST /kiosk/items HTTP/1.1\r\nHost: x\r\n${json}\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"id":1,\r\nd\r\n"name":"jam" }\r\n0\r\n\r\n`,
  `PATCH /kiosk/items/4 HTTP/1.1\r\nHost: x\r\n${json}; charset=utf-8\r\nContent-Length: 16\r\n\r\n{"name":"\u00e9clair"}`,
  'DELETE /kiosk/items/4 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer kiosk-service-key\r\n\r\n',
  `POST /kiosk/tags HTTP/1.1\r\nHost: x\r\n${json}\r\nContent-Length: 9\r\n\r\n["a","b"]`,
  'HEAD /api/docs HTTP/1.1\r\nHost: x\r\nX-Correlation-Id: a\r\n\r\n',
  'OPTIONS /kiosk/items HTTP/1.1\r\nHost: x\r\n\r\nGET /ping HTTP/1.0\r\n\r\n',
].map((text) => Buffer.from(text))

const doors = [
  ['GET', 'kiosk/items?limit=3&isNew=true&tags=a&sizes=1', ''],
  ['GET', 'kiosk/items/12', ''],
  ['POST', 'kiosk/items', '{"id":1,"name":"tea","price":12.50}'],
  ['PUT', 'kiosk/items/4?price=3', '{"name":"jam"}'],
  ['POST', 'kiosk/tags', '["a","b\\u00e9","\u{1f375}"]'],
  ['DELETE', 'kiosk/items/4', ''],
  ['POST', '', ''],
  ['GET', 'api/openapi.json', ''],
] as const

const insertions = [
  '\0',
  '\r\n',
  '\n',
  '\r',
  '\t',
  ' ',
  '%',
  '%00',
  '%2f',
  '..%2f',
  '/../',
  '/./',
  '//',
  '\\',
  '?',
  '&',
  '#',
  '=',
  '%zz',
  '%c0%af',
  '%ed%a0%80',
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\u0000',
  '\\ud800',
  '\u{1f600}',
  '__proto__',
  '"__proto__":{"a":1},',
  'constructor',
  '1e999',
  '-0',
  '9'.repeat(400),
  'x'.repeat(20_000),
  '['.repeat(5_000),
  '\xff\xfe',
  'HTTP/1.1',
  'HTTP/9.9',
  'http://[',
  'http://user@host:1/',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Content-Length: -1\r\n',
  'Content-Length: 5\r\n',
  'Content-Encoding: gzip\r\n',
  'Expect: 100-continue\r\n',
  'Expect: tea\r\n',
  'Upgrade: websocket\r\nConnection: upgrade\r\n',
  'Connection: close\r\n',
  'Host: y\r\n',
  'Host: a b\r\n',
  'Idempotency-Key: \r\n',
  'Authorization: Bearer \r\n',
  'fffffffffffffffff\r\n',
  '0\r\n\r\n',
].map((text) => Buffer.from(text, 'latin1'))
const methods = ['GET', 'POST', 'PUT', 'CONNECT', 'TRACE', 'QUERY', 'get', 'PRI', 'M-SEARCH', ''].map(
  (text) => Buffer.from(text),
)

/** What a client's own fault, or a call's, may be answered with; 500 is not among it. */
const allowed = new Set([100, 200, 201, 204, 304, 400, 401, 403, 404, 405, 408, 413, 415, 417, 431, 503])

test(
  `${requests} mutated requests neither crash, hang nor fill the server (seed ${seed})`,
  { timeout: 60_000 },
  async () => {
    await using door = await testDoor({}, { level: 'error' })
    const rejections: unknown[] = []
    const onRejection = (reason: unknown) => void rejections.push(reason)
    process.on('unhandledRejection', onRejection)

    await run(0, warmUp, (bytes) => sendRaw(door, bytes))
    const heapBefore = usedHeap()
    await run(warmUp, requests, (bytes) => sendRaw(door, bytes))
    const grownBytes = usedHeap() - heapBefore

    process.off('unhandledRejection', onRejection)
    assert.deepEqual(rejections, [])
    assert.deepEqual(door.lines, [])
    assert.ok(grownBytes < 8 * 1024 * 1024, `the heap has grown by ${grownBytes} bytes`)
    assert.equal((await send(door, 'POST /kiosk/items', { body: { id: 1, name: 'tea' } })).status, 201)
    assert.equal((await send(door, 'GET /ready')).status, 503)
  },
)

test(
  `of ${requests} mutated requests to another service none arrives that could be read in two ways (seed ${seed})`,
  { timeout: 120_000 },
  async () => {
    await using upstream = await strictUpstream()
    await using door = await proxyDoor({ '/old': [upstream.address] }, { level: 'error' })
    const toOther = (bytes: Buffer) =>
      Buffer.from(bytes.toString('latin1').replaceAll('kiosk', 'old'), 'latin1')
    await run(0, requests, (bytes) => ask(door.port, toOther(bytes), 20, 150))
    assert.deepEqual(upstream.complaints, [])
    assert.deepEqual(door.lines, [])
    assert.ok(upstream.targets.length > requests / 10, `${upstream.targets.length} arrived`)
    assert.ok(upstream.targets.every((target) => target.startsWith('/old')))
  },
)

async function run(from: number, to: number, sendBytes: (bytes: Buffer) => Promise<string>): Promise<void> {
  let next = from
  const worker = async () => {
    while (next < to) {
      const index = next++
      const answer = await sendBytes(mutated(index)).catch((error: Error) =>
        assert.fail(`${index}: ${error.message}`),
      )
      const statuses = [...answer.matchAll(/(?:^|\r\n\r\n|\n|\}|>)HTTP\/1\.1 (\d+) /g)].map(([, status]) =>
        Number(status),
      )
      for (const status of statuses)
        assert.ok(allowed.has(status), `${index} got ${status}: ${answer.slice(0, 500)}`)
      assert.ok(answer === '' || answer.startsWith('HTTP/1.1 '), `${index} got ${answer.slice(0, 80)}`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** The same index gives the same bytes. Every other request is one that the parser takes, so that the door is reached. */
function mutated(index: number): Buffer {
  const random = randomFrom(seed + index)
  if (index % 2 === 0) return edited(random, pick(random, originals))
  const [method, path, body] = pick(random, doors)
  const address = edited(random, Buffer.from(path)).toString('latin1')
  const content = edited(random, Buffer.from(body))
  const line = `${method} /${address.replaceAll(/[^!-~]/g, '')} HTTP/1.1`
  const head = `${line}\r\nHost: x\r\n${json}\r\nContent-Length: ${content.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), content])
}

function edited(random: Random, original: Buffer): Buffer {
  let bytes = original
  for (let edits = random(4); edits > 0; edits--) {
    const at = random(bytes.length + 1)
    const length = random(8)
    const edit = (put: Buffer, cut = 0) =>
      Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)])
    const kind = random(8)
    if (kind === 0) bytes = edit(Buffer.from([random(256)]), 1)
    else if (kind === 1) bytes = edit(Buffer.alloc(0), length)
    else if (kind === 2) bytes = edit(bytes.subarray(at, at + length))
    else if (kind === 3) bytes = bytes.subarray(0, at)
    else if (kind === 4) bytes = Buffer.concat([pick(random, methods), bytes.subarray(bytes.indexOf(' '))])
    else if (kind === 5) bytes = Buffer.concat([bytes, pick(random, originals)])
    else bytes = edit(pick(random, insertions))
  }
  return bytes
}

type Random = (limit: number) => number

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)]!
}

/** A small generator of repeatable numbers below `limit` (mulberry32). */
function randomFrom(start: number): Random {
  let state = start >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % limit
  }
}

function usedHeap(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
