import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rename, writeFile } from 'node:fs/promises'
import { Agent, request as httpsRequest } from 'node:https'
import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { WebSocket } from 'ws'
import { livePath } from '#contracts/live.ts'
import { makeCertificates, temporaryFolder } from '#platform/rpc/testing.ts'
import depotService, { depot } from '#platform/testing/depot/service.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { freePort } from '#platform/testing/server-process.ts'
import { gatewayTo } from '#services/gateway/service.ts'
import { send } from '#services/gateway/testing.ts'

let stack: AsyncDisposableStack
let folder: string
let files: { TLS_CERT: string; TLS_KEY: string }
let ca: Buffer
let host: TestHost
let port: number
let plainPort: number

before(async () => {
  stack = new AsyncDisposableStack()
  folder = stack.use(await temporaryFolder()).path
  files = { TLS_CERT: join(folder, 'shown.crt'), TLS_KEY: join(folder, 'shown.key') }
  ca = await show()
  plainPort = await freePort()
  host = stack.use(await secureHost({ PORT: String(plainPort) }))
  port = portOf(host)
})
after(() => stack.disposeAsync())

/** Puts a new certificate in place; gives its authority. */
async function show(): Promise<Buffer> {
  const { ca: authority, cert, key } = await makeCertificates(folder)
  await put(files.TLS_KEY, key)
  await put(files.TLS_CERT, cert)
  return authority
}

async function put(file: string, content: string | Buffer): Promise<void> {
  await writeFile(`${file}.draft`, content)
  await rename(`${file}.draft`, file)
}

function secureHost(settings: Record<string, string> = {}): Promise<TestHost> {
  const services = [gatewayTo([depot]), depotService]
  return testHost({ services, settings: { TLS_PORT: '0', TRUSTED_PROXIES: '0', ...files, ...settings } })
}

function portOf({ announced }: TestHost): number {
  const [, address = ''] = announced.find(([what]) => what === 'web') ?? []
  assert.match(address, /^https:/)
  return Number(new URL(address).port)
}

interface Reply {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

async function ask(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body?: object,
): Promise<Reply> {
  const stream = session.request({ ...(body && { 'content-type': 'application/json' }), ...headers })
  stream.end(body && JSON.stringify(body))
  const [answered] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }]
  return { status: answered[':status'], headers: answered, body: await text(stream) }
}

async function http2(authority = ca, toPort = port): Promise<ClientHttp2Session & AsyncDisposable> {
  const session = connectHttp2(`https://127.0.0.1:${toPort}`, { ca: authority })
  await once(session, 'connect')
  const close = async () => session.destroy()
  return Object.assign(session, { [Symbol.asyncDispose]: close })
}

async function http1(path: string, options: { agent?: Agent; method?: string } = {}): Promise<Reply> {
  const request = httpsRequest({ host: '127.0.0.1', port, path, ca, agent: false, ...options }).end()
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage]
  return { status: response.statusCode!, headers: response.headers, body: await text(response) }
}

async function handshake(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port, ca, ...options })
  await once(socket, 'secureConnect')
  return socket
}

test('HTTP/2 and HTTP/1.1 answer the same, without fields of the connection in HTTP/2', async () => {
  await using session = await http2()
  const made = await ask(session, { ':method': 'POST', ':path': '/api/parcels' }, { id: 'p1', grams: 10 })
  assert.equal(made.status, 201)
  const [document, document1] = [
    await ask(session, { ':path': '/api/openapi.json' }),
    await http1('/api/openapi.json'),
  ]
  assert.deepEqual([document.status, document.body], [document1.status, document1.body])
  const missing = await ask(session, { ':path': '/nothing' })
  assert.equal(missing.status, 404)
  assert.equal(missing.headers['content-type'], 'application/problem+json')
  const upgrade = await ask(session, { ':path': livePath })
  assert.equal(upgrade.status, 426)
  for (const { headers } of [made, document, missing, upgrade, document1])
    assert.equal(headers['strict-transport-security'], 'max-age=31536000')
  for (const { headers } of [made, document, missing, upgrade])
    for (const name of ['connection', 'upgrade', 'keep-alive', 'transfer-encoding'])
      assert.equal(headers[name], undefined, name)
  const foreign = await ask(session, { ':path': '/ping', ':authority': '127.0.0.1', host: 'elsewhere' })
  assert.equal(foreign.status, 400)
  const tunnel = await ask(session, { ':method': 'CONNECT', ':authority': 'x:443' })
  assert.equal(tunnel.status, 405)
})

test('many requests at once over one connection are all answered', async () => {
  await using session = await http2()
  const replies = await Promise.all(
    Array.from({ length: 150 }, () => ask(session, { ':path': '/api/parcels/count' })),
  )
  for (const { status } of replies) assert.equal(status, 200)
})

test(
  'a new certificate is shown to new connections, and those that are open go on',
  { timeout: 30_000 },
  async () => {
    await using session = await http2()
    using agent = Object.assign(new Agent({ keepAlive: true, maxSockets: 1, ca }), {
      [Symbol.dispose]: () => agent.destroy(),
    })
    assert.equal((await http1('/ping', { agent })).status, 200)
    const shown = async () => {
      const socket = await handshake({ rejectUnauthorized: false })
      const { fingerprint256 } = socket.getPeerCertificate()
      socket.destroy()
      return fingerprint256
    }
    const first = await shown()
    await put(files.TLS_KEY, 'no key')
    await sleep(2_500)
    assert.equal(await shown(), first)
    const renewed = await show()
    const giveUpAt = Date.now() + 10_000
    while ((await shown()) === first) {
      assert.ok(Date.now() < giveUpAt, 'the old certificate is still shown')
      await sleep(100)
    }
    assert.equal((await ask(session, { ':path': '/ping' })).status, 200)
    assert.equal((await http1('/ping', { agent })).status, 200)
    ca = renewed
    await using other = await http2()
    assert.equal((await ask(other, { ':path': '/ping' })).status, 200)
  },
)

test('the plain port sends everything but probes and challenges to HTTPS', async () => {
  const plain = { port: plainPort }
  for (const door of [
    'GET /api/parcels/count?a=b%20c',
    'POST /api/parcels',
    'GET /',
    'GET /%2e%2e//x',
  ] as const) {
    const { status, headers } = await send(plain, door, { headers: { host: `127.0.0.1:${plainPort}` } })
    assert.equal(status, 308, door)
    assert.equal(headers.location, `https://127.0.0.1:${port}${door.split(' ')[1]}`)
    assert.equal(headers['strict-transport-security'], undefined)
  }
  assert.equal((await send(plain, 'GET /ping')).text, 'OK')
  assert.equal((await send(plain, 'GET /ready')).status, 200)
  const socket = new WebSocket(`ws://127.0.0.1:${plainPort}${livePath}`)
  const [error] = (await once(socket, 'error')) as [Error]
  assert.match(error.message, /308/)
})

test('WebSockets are spoken over TLS', async () => {
  const socket = new WebSocket(`wss://127.0.0.1:${port}${livePath}`, { ca })
  await once(socket, 'open')
  socket.close()
  await once(socket, 'close')
})

test('what is older than TLS 1.2 or weak is refused', async () => {
  const accepted = await handshake({ maxVersion: 'TLSv1.2' })
  assert.equal(accepted.getProtocol(), 'TLSv1.2')
  accepted.destroy()
  const weak = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  await assert.rejects(handshake(weak))
  await assert.rejects(handshake({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' }))
})

test('a stop answers what runs over HTTP/2 and then closes the connection', async () => {
  const stopped = await secureHost()
  await using session = await http2(ca, portOf(stopped))
  assert.equal((await ask(session, { ':path': '/ping' })).status, 200)
  const running = ask(session, { ':method': 'POST', ':path': '/api/parcels' }, { id: 'p9', grams: 10 })
  const closed = once(session, 'close')
  const startedAt = performance.now()
  await sleep(5)
  await stopped[Symbol.asyncDispose]()
  assert.equal((await running).status, 201)
  await closed
  assert.ok(performance.now() - startedAt < 3_000)
})

test('settings that do not go together are told in one line', async () => {
  const none = join(folder, 'none.pem')
  const cases: [settings: Record<string, string>, message: RegExp][] = [
    [{ TLS_KEY: '' }, /^TLS_CERT and TLS_KEY go together$/],
    [{ TLS_CERT: none, TLS_KEY: none }, /^TLS_CERT and TLS_KEY: .*none\.pem/],
    [{ TLS_CERT: files.TLS_KEY }, /^TLS_CERT and TLS_KEY: /],
    [
      { TLS_CERT: join(folder, 'ca.crt') },
      /^TLS_CERT and TLS_KEY: the private key is not that of the certificate$/,
    ],
    [{ TLS_CERT: '', TLS_KEY: '', ACME_DIRECTORY_URL: 'https://127.0.0.1:1/dir' }, /needs DOMAIN/],
  ]
  for (const [settings, message] of cases) await assert.rejects(secureHost(settings), { message })
})
