import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { send, sendRaw, serviceKey } from '#services/gateway/testing.ts'
import { ask, httpUpstream, proxyDoor, rawUpstream, until } from './testing.ts'

/** Tells what it got. */
function mirror(name: string) {
  return httpUpstream(async (request, response) => {
    const body = await text(request)
    response.setHeader('content-type', 'application/json')
    const { method, url, rawHeaders } = request
    response.end(JSON.stringify({ name, method, url, rawHeaders, body }))
  })
}

interface Mirrored {
  name: string
  method: string
  url: string
  rawHeaders: string[]
  body: string
}

function valuesOf({ rawHeaders }: Mirrored, name: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === name)
}

test('the longest prefix decides, at a whole segment, and our own calls come first', async () => {
  await using old = await mirror('old')
  await using news = await mirror('news')
  await using door = await proxyDoor({
    '/old': [old.address],
    '/old/news': [news.address],
    '/kiosk': [old.address],
  })
  const nameAt = async (path: `/${string}`) => {
    const { status, json } = await send(door, `GET ${path}`)
    return status === 200 ? ((json as unknown as Mirrored).name ?? 'kiosk') : status
  }
  assert.equal(await nameAt('/old'), 'old')
  assert.equal(await nameAt('/old?x'), 'old')
  assert.equal(await nameAt('/old/shop/news'), 'old')
  assert.equal(await nameAt('/old/news/1'), 'news')
  assert.equal(await nameAt('/old/newspaper'), 'old')
  assert.equal(await nameAt('/older'), 404)
  assert.equal(await nameAt('/kiosk/items'), 'kiosk')
  assert.equal(await nameAt('/kiosk/tea'), 'old')
  door.register({ '/': [news.address] })
  assert.equal(await nameAt('/old'), 'news')
  assert.equal(await nameAt('/ping'), 'kiosk')
  door.register({})
  assert.equal(await nameAt('/old'), 404)
})

test('a request is passed on without what belongs to the connection or to the gateway', async () => {
  await using upstream = await mirror('it')
  await using door = await proxyDoor({ '/it': [upstream.address] })
  const { json, headers } = await send(door, 'PATCH /it/a%20b?c=d&e', {
    body: 'some text',
    headers: {
      host: 'shop.example:8080',
      connection: 'keep-alive, X-Private, close',
      'keep-alive': 'timeout=5',
      'x-private': 'of the connection',
      'proxy-authorization': 'Basic x',
      te: 'trailers',
      authorization: `Bearer ${serviceKey}`,
      'x-api-key': 'secret',
      cookie: 'theme=dark; dakghar-session=secret; __Host-session=secret; lang=en',
      'x-dakghar-identity': 'forged',
      x_dakghar_identity: 'forged',
      'x-forwarded-for': '203.0.113.1',
      'x-forwarded-port': '1',
      forwarded: 'for=203.0.113.1',
      'x-correlation-id': 'order-7',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'x-own': ['one', 'two'],
    },
  })
  const got = json as unknown as Mirrored
  assert.deepEqual([got.method, got.url, got.body], ['PATCH', '/it/a%20b?c=d&e', 'some text'])
  const expected: Record<string, string[]> = {
    host: ['shop.example:8080'],
    'x-own': ['one', 'two'],
    cookie: ['theme=dark; lang=en'],
    'content-length': ['9'],
    'x-forwarded-for': ['127.0.0.1'],
    'x-forwarded-proto': ['http'],
    'x-forwarded-host': ['shop.example:8080'],
    'x-dakghar-identity': ['signed service'],
    'x-correlation-id': ['order-7'],
    via: ['1.1 dakghar'],
  }
  for (const [name, values] of Object.entries(expected)) assert.deepEqual(valuesOf(got, name), values, name)
  const [traceparent = ''] = valuesOf(got, 'traceparent')
  assert.match(traceparent, /^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/)
  const names = new Set(got.rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()))
  assert.deepEqual([...names].toSorted(), [...Object.keys(expected), 'traceparent'].toSorted())
  assert.equal(headers['x-correlation-id'], 'order-7')
})

test('an answer is passed on as it is, without what belongs to the connection', async () => {
  await using upstream = await httpUpstream((_, response) => {
    response.writeHead(418, 'Short and stout', [
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', '__Host-session=stolen; Secure'],
      ['set-cookie', 'b=2'],
      ['Connection', 'X-Private, keep-alive'],
      ['X-Private', 'of the connection'],
      ['X-Own', 'caf\u00e9'],
      ['Content-Length', '3'],
    ])
    response.end(Buffer.from('tea'))
  })
  await using door = await proxyDoor({ '/it': [upstream.address] })
  const answer = await ask(door, 'GET /it HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const [head = '', body] = answer.split('\r\n\r\n')
  const lines = head.split('\r\n')
  assert.equal(lines[0], 'HTTP/1.1 418 Short and stout')
  assert.equal(body, 'tea')
  assert.deepEqual(
    lines.filter((line) => /^set-cookie/i.test(line)),
    ['Set-Cookie: a=1', 'set-cookie: b=2'],
  )
  assert.ok(lines.includes('X-Own: caf\u00e9'))
  assert.doesNotMatch(head, /x-private/i)
  assert.equal(lines.filter((line) => /^content-length: 3$/i.test(line)).length, 1)
})

test('answers without content, of a stated length, in chunks and until the end of the connection arrive whole', async () => {
  const content = Buffer.alloc(300_000, 'abcdefg')
  await using upstream = await httpUpstream((request, response) => {
    const kind = request.url!.split('/').at(-1)
    if (kind === 'none') response.writeHead(204).end()
    else if (kind === 'unchanged') response.writeHead(304, { etag: '"x"', 'content-length': 5 }).end()
    else if (kind === 'length') response.writeHead(200, { 'content-length': content.length }).end(content)
    else {
      if (kind === 'close') response.shouldKeepAlive = response.useChunkedEncodingByDefault = false
      for (let at = 0; at < content.length; at += 7_777) response.write(content.subarray(at, at + 7_777))
      response.end()
    }
  })
  await using door = await proxyDoor({ '/it': [upstream.address] })
  for (let round = 0; round < 5; round++) {
    assert.deepEqual(await statusAndLength(door, 'GET /it/none'), [204, 0])
    assert.deepEqual(await statusAndLength(door, 'GET /it/unchanged'), [304, 0])
    assert.deepEqual(await statusAndLength(door, 'HEAD /it/length'), [200, 0])
    for (const kind of ['length', 'chunks', 'close'])
      assert.deepEqual(await statusAndLength(door, `GET /it/${kind}`), [200, content.length], kind)
  }
  assert.equal(upstream.opened(), 5, 'one connection until the upstream closes it')
})

async function statusAndLength(
  door: { port: number },
  what: `${string} /${string}`,
): Promise<[number, number]> {
  const { status, text: body } = await send(door, what)
  return [status, body.length]
}

test('content goes up in chunks or with its length, as it came, and is not collected', async () => {
  const received: number[] = []
  await using upstream = await httpUpstream((request, response) => {
    request.on('data', (bytes: Buffer) => received.push(bytes.length))
    request.on('end', () => response.end(JSON.stringify(request.headers)))
  })
  await using door = await proxyDoor({ '/it': [upstream.address] })
  for (const headers of [{ 'transfer-encoding': 'chunked' }, { 'content-length': 20_000 }]) {
    received.length = 0
    const request = httpRequest({ port: door.port, path: '/it', method: 'POST', headers, agent: false })
    request.write(Buffer.alloc(10_000))
    await until(
      'the first half arrives before the second is sent',
      () => received.reduce((a, b) => a + b, 0) === 10_000,
    )
    request.end(Buffer.alloc(10_000))
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const seen = JSON.parse(await text(response)) as Record<string, string>
    const [[name, value] = ['', '']] = Object.entries(headers)
    assert.equal(seen[name], String(value))
    assert.equal(
      received.reduce((a, b) => a + b),
      20_000,
    )
  }
})

test('a client that does not read makes the upstream wait, and gets everything in the end', async () => {
  const total = 64 * 1024 * 1024
  let sent = 0
  await using upstream = await httpUpstream((_, response) => {
    response.writeHead(200, { 'content-length': total })
    const block = Buffer.alloc(64 * 1024, 'x')
    const push = () => {
      while (sent < total) {
        sent += block.length
        if (!response.write(block)) return void response.once('drain', push)
      }
      response.end()
    }
    push()
  })
  await using door = await proxyDoor({ '/it': [upstream.address] })
  const request = httpRequest({ port: door.port, path: '/it', agent: false }).end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let last = -1
  await until('the upstream stops', () => {
    const isStill = sent === last
    last = sent
    return isStill && sent > 0
  })
  await sleep(100)
  assert.ok(sent < total / 2, `${sent} bytes were taken for a client that reads nothing`)
  let length = 0
  for await (const bytes of response) length += (bytes as Buffer).length
  assert.equal(length, total)
})

test('an upstream that does not read makes the client wait', async () => {
  let upstreamSide: IncomingMessage | undefined
  await using upstream = await httpUpstream((request, response) => {
    upstreamSide = request
    request.on('end', () => response.end('thanks'))
  })
  await using door = await proxyDoor({ '/it': [upstream.address] })
  const total = 64 * 1024 * 1024
  const socket = connect(door.port, '127.0.0.1')
  socket.write(`POST /it HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${total}\r\n\r\n`)
  const block = Buffer.alloc(64 * 1024)
  let sent = 0
  const push = () => {
    while (sent < total) {
      sent += block.length
      if (!socket.write(block)) return void socket.once('drain', push)
    }
  }
  push()
  await until('it has begun', () => upstreamSide !== undefined)
  await sleep(300)
  assert.ok(sent < total / 2, `${sent} bytes were taken for an upstream that reads nothing`)
  upstreamSide!.resume()
  assert.match(await text(socket), /thanks$/)
})

test('a client that goes away takes its request with it', async () => {
  let open = 0
  await using upstream = await httpUpstream((request) => {
    open++
    request.socket.on('close', () => open--)
  })
  await using door = await proxyDoor({ '/it': [upstream.address] })
  const socket = connect(door.port, '127.0.0.1', () => socket.write('GET /it HTTP/1.1\r\nHost: x\r\n\r\n'))
  await until('the upstream has it', () => open === 1)
  socket.destroy()
  await until('the upstream is told', () => open === 0)
  await until('it is logged', () => door.lines.some(({ status }) => status === 499))
  assert.equal(door.lines.filter(({ msg }) => msg === 'request').length, 1)
})

test('an upload that breaks off breaks off at the upstream too', async () => {
  const ends: string[] = []
  await using upstream = await httpUpstream((request) => {
    request.on('error', () => {}).on('close', () => ends.push(request.complete ? 'whole' : 'broken'))
    request.resume()
  })
  await using door = await proxyDoor({ '/it': [upstream.address] })
  for (const framing of ['Content-Length: 10\r\n\r\nabc', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n']) {
    ends.length = 0
    const socket = connect(door.port, '127.0.0.1', () =>
      socket.write(`POST /it HTTP/1.1\r\nHost: x\r\n${framing}`),
    )
    await until('the upstream has it', () => upstream.sockets.size > 0)
    await sleep(50)
    socket.destroy()
    await until('it ends', () => ends.length > 0)
    assert.deepEqual(ends, ['broken'])
  }
})

test('an upstream that dies in the middle of its answer breaks the answer off', async () => {
  const beginnings = [
    'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
  ]
  for (const beginning of beginnings) {
    await using upstream = await rawUpstream((socket) =>
      socket.write(beginning, () => setTimeout(() => socket.destroy(), 20)),
    )
    await using door = await proxyDoor({ '/it': [upstream.address] })
    const request = httpRequest({ port: door.port, path: '/it', agent: false }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    await assert.rejects(buffer(response), { code: 'ECONNRESET' })
    await until('it is logged', () => door.lines.some(({ error }) => error === 'unavailable'))
  }
})

test('an answer that comes before the whole request is passed on at once', async () => {
  await using upstream = await rawUpstream('HTTP/1.1 413 Too large\r\nContent-Length: 2\r\n\r\nno')
  await using door = await proxyDoor({ '/it': [upstream.address] })
  const socket = connect(door.port, '127.0.0.1', () =>
    socket.write('POST /it HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc'),
  )
  const [answer] = (await once(socket, 'data')) as [Buffer]
  assert.match(answer.toString(), /^HTTP\/1\.1 413 Too large\r\n/)
  socket.destroy()
  await until('the upstream is left', () => upstream.sockets.size === 0)
})

test('an upstream that is slower than the deadline is 504, and is told', async (t) => {
  await using silent = await rawUpstream(() => {})
  await using door = await proxyDoor({ '/it': [silent.address] })
  const now = Date.now()
  t.mock.timers.enable({ apis: ['Date'], now })
  const reply = send(door, 'GET /it')
  await until('the upstream has it', () => silent.sockets.size === 1)
  t.mock.timers.setTime(now + 31_000)
  const { status, json } = await reply
  assert.deepEqual([status, json.code], [504, 'deadlineExceeded'])
  await until('the upstream is left', () => silent.sockets.size === 0)
})

test('an upstream that is not there is 503, one that hangs up is 502', async () => {
  await using rude = await rawUpstream((socket) => socket.destroy())
  const gone = await rawUpstream('')
  await gone[Symbol.asyncDispose]()
  await using door = await proxyDoor({
    '/rude': [rude.address],
    '/gone': [gone.address],
  })
  const statusOf = async (path: `/${string}`, method = 'GET') => {
    const { status, json, headers } = await send(door, `${method} ${path}`)
    assert.equal(headers['content-type'], 'application/problem+json')
    return [status, json.code, headers['retry-after']]
  }
  assert.deepEqual(await statusOf('/rude'), [502, 'badGateway', undefined])
  assert.deepEqual(await statusOf('/rude', 'POST'), [502, 'badGateway', undefined])
  assert.deepEqual(await statusOf('/gone'), [503, 'unavailable', '1'])
  door.register({ '/rude': [] })
  assert.deepEqual(await statusOf('/rude'), [503, 'unavailable', '1'])
})

test('paths that lead out of their prefix, and requests that can be read in two ways, are not passed on', async () => {
  let requests = 0
  await using upstream = await httpUpstream((_, response) => {
    requests++
    response.end()
  })
  await using door = await proxyDoor({ '/it': [upstream.address] })
  const lines = [
    'GET /it/../kiosk HTTP/1.1\r\nHost: x',
    'GET /it/%2e%2E/kiosk HTTP/1.1\r\nHost: x',
    'GET /it/..%2fkiosk HTTP/1.1\r\nHost: x',
    'GET /it/..\\kiosk HTTP/1.1\r\nHost: x',
    'GET /it/. HTTP/1.1\r\nHost: x',
    'GET /it#/../ HTTP/1.1\r\nHost: x',
    'GET http://y/it HTTP/1.1\r\nHost: x',
    'GET /it HTTP/1.1\r\nHost: x\r\nHost: y',
    'POST /it HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked',
    'POST /it HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked',
    'POST /it HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
    'POST /it HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \x0bchunked',
    'POST /it HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3',
    'POST /it HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3',
    'POST /it HTTP/1.1\r\nHost: x\r\nContent-Length: +3',
    'POST /it HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked',
  ]
  for (const line of lines) {
    const answer = await sendRaw(door, `${line}\r\n\r\n0\r\n\r\n`)
    assert.match(answer, /^HTTP\/1\.1 400 /, line)
  }
  assert.equal(requests, 0)
  const fine = await ask(door, 'GET http://x/it/a?b=/../c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  assert.match(fine, /^HTTP\/1\.1 200 /)
})

test('another instance gets what one can not answer, where that is safe', async () => {
  const asked: string[] = []
  await using broken = await httpUpstream((request, response) => {
    asked.push(request.method!)
    response.writeHead(503).end()
  })
  await using well = await mirror('well')
  const gone = await rawUpstream('')
  await gone[Symbol.asyncDispose]()
  for (const bad of [broken.address, gone.address]) {
    await using door = await proxyDoor({ '/it': [bad, well.address] })
    for (let i = 0; i < 20; i++) assert.equal((await send(door, 'GET /it')).status, 200)
  }
  assert.ok(asked.length >= 1 && asked.length <= 5, 'the broken one is ejected after five failures')
  await using door = await proxyDoor({ '/it': [broken.address, well.address] })
  const statuses = new Set<number>()
  for (let i = 0; i < 20; i++) statuses.add((await send(door, 'POST /it', { body: 'x' })).status)
  assert.deepEqual([...statuses].toSorted(), [200, 503])
  await using other = await proxyDoor({ '/it': [gone.address, well.address] })
  for (let i = 0; i < 20; i++) assert.equal((await send(other, 'POST /it', { body: 'x' })).status, 200)
})

test('a connection that the upstream has closed while it was idle costs no request', async () => {
  let answers = 0
  await using upstream = await httpUpstream((request, response) => {
    answers++
    response.end('ok')
    // After every third answer the connection goes without a word.
    if (answers % 3 === 0) response.on('finish', () => setImmediate(() => request.socket.destroy()))
  })
  await using door = await proxyDoor({ '/it': [upstream.address] })
  for (let i = 0; i < 100; i++) assert.equal((await send(door, 'GET /it')).status, 200)
})
