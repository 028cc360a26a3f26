import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { send } from '#services/gateway/testing.ts'
import { ask, proxyDoor, rawUpstream, until } from './testing.ts'

test('a WebSocket goes through, both ways, until either side ends it', async () => {
  const heads: string[] = []
  await using upstream = await rawUpstream((socket, head) => {
    heads.push(head)
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\nhello',
    )
    socket.removeAllListeners('data').on('data', (bytes) => {
      if (bytes.toString() === 'bye') socket.end('farewell')
      else socket.write(bytes)
    })
  })
  await using door = await proxyDoor({ '/it': [upstream.address] })
  const request =
    'GET /it/socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, X-Private\r\nX-Private: 1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\n\r\nearly'
  const client = connect(door.port, '127.0.0.1', () => client.write(request))
  let received = ''
  client.setEncoding('latin1').on('data', (chunk: string) => (received += chunk))
  await until('both sides have spoken', () => received.endsWith('early'))
  assert.match(
    received,
    /^HTTP\/1\.1 101 .*\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nhelloearly$/,
  )
  assert.match(heads[0]!, /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/)
  assert.match(heads[0]!, /\r\nSec-WebSocket-Key: abc\r\n/)
  assert.doesNotMatch(heads[0]!, /X-Private/)
  const big = 'x'.repeat(1_000_000)
  client.write(big)
  await until('it is echoed', () => received.length > 1_000_000)
  client.write('bye')
  await once(client, 'close')
  assert.ok(received.endsWith(`${big}farewell`))
  const second = connect(door.port, '127.0.0.1', () => second.write(request))
  await once(second, 'data')
  second.destroy()
  await until('the upstream is told', () => upstream.sockets.size === 0)
})

test('an upgrade that the upstream refuses is answered with its answer', async () => {
  await using upstream = await rawUpstream(
    'HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nnope\r\n0\r\n\r\n',
  )
  const gone = await rawUpstream('')
  await gone[Symbol.asyncDispose]()
  await using door = await proxyDoor({ '/it': [upstream.address], '/gone': [gone.address] })
  const upgrade = (path: string, more = '') =>
    ask(door, `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
  assert.match(await upgrade('/it'), /^HTTP\/1\.1 403 No\r\nConnection: close\r\n\r\nnope$/)
  assert.match(await upgrade('/gone'), /^HTTP\/1\.1 502 .*"badGateway"/s)
  assert.match(await upgrade('/it', 'Origin: http://elsewhere.example\r\n'), /^HTTP\/1\.1 403 Forbidden/)
})

test('what is open is closed when the gateway stops', async () => {
  await using upstream = await rawUpstream((socket, head) => {
    if (head.includes('Upgrade')) socket.write('HTTP/1.1 101 Go\r\nUpgrade: websocket\r\n\r\n')
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  })
  const clients: Socket[] = []
  {
    await using door = await proxyDoor({ '/it': [upstream.address] })
    const client = connect(door.port, '127.0.0.1', () =>
      client.write('GET /it HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
    )
    clients.push(client)
    await once(client, 'data')
    await send(door, 'GET /it')
    assert.equal(upstream.sockets.size, 2)
  }
  await until('all are closed', () => upstream.sockets.size === 0 && clients[0]!.closed)
})
