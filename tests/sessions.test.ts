/** Signing in and out as browsers and programs do it: through the gateway, over HTTP. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { identity } from '#contracts/identity.ts'
import { liveCloseCodes, livePath } from '#contracts/live.ts'
import { metrics } from '#platform/metrics.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { gatewayTo } from '#services/gateway/service.ts'
import { send, type Reply } from '#services/gateway/testing.ts'
import identityService from '#services/identity/service.ts'

const serviceKey = 'the-service-key-of-the-sessions'

let host: TestHost
let door: { port: number }
before(async () => {
  host = await testHost({
    services: [identityService, gatewayTo([identity])],
    settings: {
      SERVICE_KEY: serviceKey,
      LIMIT_SIGN_IN: 'none',
      LIMIT_ANONYMOUS: 'none',
      TRUSTED_PROXIES: '1',
      CORS_ORIGINS: 'https://allowed.example.org',
    },
  })
  const [, address = ''] = host.announced.find(([what]) => what === 'web') ?? []
  door = { port: Number(new URL(address).port) }
})
after(() => host[Symbol.asyncDispose]())

const https = { 'x-forwarded-proto': 'https' }
const ownPage = { 'sec-fetch-site': 'same-origin' }
/** Of races. */
const rounds = Number(process.env.SESSION_RACES ?? 8)
let people = 0

async function signUp() {
  const credentials = { userid: `person${++people}@localhost`, password: 'long enough' }
  const made = await send(door, 'POST /api/profiles', { body: { ...credentials, name: 'Somebody' } })
  assert.equal(made.status, 201, made.text)
  return credentials
}

async function signIn(
  credentials: object,
  headers = {},
): Promise<{ reply: Reply; token: string; deviceToken: string | undefined; cookie: string }> {
  const reply = await send(door, 'POST /api/auth/login', { body: credentials, headers })
  assert.equal(reply.status, 200, reply.text)
  const { token, deviceToken } = JSON.parse(reply.text) as { token: string; deviceToken?: string }
  return { reply, token, deviceToken, cookie: reply.headers['set-cookie']![0]!.split(';')[0]! }
}

const me = (headers: Record<string, string>) => send(door, 'GET /api/me', { headers })
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

test('over HTTPS the cookie has the prefix that nobody else can set, over plain HTTP another name', async () => {
  const person = await signUp()
  const secure = await signIn(person, https)
  assert.deepEqual(secure.reply.headers['set-cookie'], [
    `__Host-session=${secure.token}; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax; Secure`,
    `__Host-device=${secure.deviceToken}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure`,
  ])
  const plain = await signIn(person)
  assert.deepEqual(plain.reply.headers['set-cookie'], [
    `dakghar-session=${plain.token}; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax`,
    `dakghar-device=${plain.deviceToken}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax`,
  ])
  const again = await signIn(person, { cookie: `dakghar-device=${plain.deviceToken}` })
  assert.equal(again.reply.headers['set-cookie']!.length, 1, 'the device is known')
  assert.equal((await me({ cookie: secure.cookie, ...https })).status, 200)
  assert.equal((await me({ cookie: plain.cookie })).status, 200)
  assert.equal((await me({ cookie: plain.cookie, ...https })).status, 401, 'over HTTPS only its own is read')
  assert.equal((await me({ cookie: secure.cookie })).status, 401)
})

test('a cookie is found among others', async () => {
  const { token } = await signIn(await signUp())
  const name = 'dakghar-session'
  for (const cookie of [
    `${name}=${token}`,
    `a=b; ${name}=${token}; c=d`,
    `x${name}=no; ${name}=${token}`,
    `a=1;${name}=${token}`,
  ])
    assert.equal((await me({ cookie })).status, 200, cookie)
  for (const cookie of [
    `x${name}=${token}`,
    `a=${name}=${token}`,
    `${name}=`,
    `${name}`,
    `${name}s=${token}`,
  ])
    assert.equal((await me({ cookie })).status, 401, cookie)
})

test('a token works in either header, a wrong one is refused even where anybody may call', async () => {
  const { token } = await signIn(await signUp())
  assert.equal((await me(bearer(token))).status, 200)
  assert.equal((await me({ 'x-api-key': token })).status, 200)
  assert.equal((await me(bearer(serviceKey))).status, 403, 'a service key is nobody')
  const wrong = [
    token.slice(1),
    `${token}A`,
    token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
    'nonsense',
  ]
  const body = { userid: 'nobody@localhost', password: 'wrong' }
  for (const token of wrong)
    for (const headers of [bearer(token), { 'x-api-key': token }]) {
      assert.equal((await me(headers)).status, 401)
      const publicCall = await send(door, 'POST /api/auth/login', { body, headers })
      assert.equal(publicCall.json.code, 'unauthenticated')
    }
})

test('a cookie that is over counts as none and is taken away', async () => {
  const person = await signUp()
  const { cookie, token } = await signIn(person)
  assert.equal((await send(door, 'POST /api/auth/logout', { headers: bearer(token) })).status, 204)
  const refused = await me({ cookie })
  assert.equal(refused.status, 401)
  const removal = ['dakghar-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax']
  assert.deepEqual(refused.headers['set-cookie'], removal)
  const again = await signIn(person, { cookie, ...ownPage })
  assert.deepEqual(
    again.reply.headers['set-cookie']?.map((cookie) => cookie.split('=')[0]),
    ['dakghar-session', 'dakghar-device'],
  )
  assert.equal((await me({ cookie: again.cookie })).status, 200, 'the new cookie is the one that was set')
  const out = await send(door, 'POST /api/auth/logout', { headers: { cookie: again.cookie, ...ownPage } })
  assert.deepEqual(out.headers['set-cookie'], removal)
  assert.equal((await me({ cookie: again.cookie })).status, 401)
})

test('a cookie changes something only from a page of ours; a token from anywhere', async () => {
  const { cookie, token } = await signIn(await signUp())
  const origin = `http://127.0.0.1:${door.port}`
  const cases: [status: number, headers: Record<string, string>][] = [
    [403, {}],
    [403, { origin: 'https://evil.example' }],
    [403, { origin: 'null' }],
    [403, { 'sec-fetch-site': 'cross-site', origin }],
    [403, { 'sec-fetch-site': 'same-site' }],
    [200, { 'sec-fetch-site': 'same-origin' }],
    [200, { origin }],
    [200, { origin: 'https://allowed.example.org', 'sec-fetch-site': 'cross-site' }],
  ]
  const nobody = '019a0000-0000-7000-8000-000000000000'
  const post = (headers: Record<string, string>) =>
    send(door, 'POST /api/me/sessions/end', { body: { id: nobody }, headers })
  for (const [status, headers] of cases) {
    const name = JSON.stringify(headers)
    const port = { host: `127.0.0.1:${door.port}` }
    assert.equal((await post({ cookie, ...port, ...headers })).status, status, name)
    assert.equal((await post({ ...bearer(token), ...headers })).status, 200, name)
    assert.equal((await me({ cookie, ...headers })).status, 200, name)
  }
})

test('a page of somebody else can not sign its reader in', async () => {
  const body = await signUp()
  for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
    const refused = await send(door, 'POST /api/auth/login', { body, headers })
    assert.equal(refused.status, 403)
    assert.equal(refused.headers['set-cookie'], undefined)
  }
})

test('roles that change apply to the very next request', async () => {
  const person = await signUp()
  const { token } = await signIn(person)
  const list = () => send(door, 'GET /api/blocklist', { headers: bearer(token) })
  const { id: accountId } = JSON.parse((await me(bearer(token))).text) as { id: string }
  const setRoles = async (accountId: string, roles: readonly string[]) => {
    const path = `PUT /api/accounts/${accountId}/roles` as const
    const changed = await send(door, path, { body: { roles }, headers: bearer(serviceKey) })
    assert.equal(changed.status, 200, changed.text)
  }
  // An installation keeps an owner.
  const other = await signIn(await signUp())
  await setRoles((JSON.parse((await me(bearer(other.token))).text) as { id: string }).id, ['owner'])
  assert.equal((await list()).status, 403)
  for (const [roles, status] of [
    [['admin'], 200],
    [['staff'], 403],
    [['owner'], 200],
    [['customer'], 403],
  ] as const) {
    await setRoles(accountId, roles)
    await eventually(async () => (await list()).status === status)
  }
})

test('many requests at once of a session that is not known yet ask once', async () => {
  const { token } = await signIn(await signUp())
  const asked = await count('dakghar_session_asks_total')
  const wave = Array.from({ length: 100 }, () => me(bearer(token)))
  assert.deepEqual(new Set((await Promise.all(wave)).map(({ status }) => status)), new Set([200]))
  assert.equal((await count('dakghar_session_asks_total')) - asked, 1)
})

test('a WebSocket ends with its session, on a push alone', async () => {
  const { token, cookie } = await signIn(await signUp())
  const url = `ws://127.0.0.1:${door.port}${livePath}`
  const socket = new WebSocket(url, { headers: bearer(token) })
  await once(socket, 'open')
  const byCookie = new WebSocket(url, { headers: { cookie, origin: `http://127.0.0.1:${door.port}` } })
  await once(byCookie, 'open')
  const who = JSON.parse((await me(bearer(token))).text) as { id: string }
  const as = { kind: 'account', accountId: who.id, sessionId: who.id, roles: ['customer'] } as const
  const startedAt = performance.now()
  const ended = Promise.all([once(socket, 'close'), once(byCookie, 'close')])
  await host.client(identity, as).endSessions({})
  for (const [code] of await ended) assert.equal(code, liveCloseCodes.sessionEnded)
  assert.ok(performance.now() - startedAt < 1000)
})

test('a page of somebody else can not open a WebSocket with the cookie', async () => {
  const { cookie } = await signIn(await signUp())
  const url = `ws://127.0.0.1:${door.port}${livePath}`
  for (const origin of ['https://evil.example', undefined]) {
    const socket = new WebSocket(url, { headers: { cookie, ...(origin && { origin }) } })
    socket.on('error', () => undefined)
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }]
    assert.equal(response.statusCode, 403, origin)
    socket.terminate()
  }
})

test('signing in and out at once leaves nobody in who should be out', async () => {
  const person = await signUp()
  for (let round = 0; round < rounds; round++) {
    const { token } = await signIn(person)
    const [out, ...during] = await Promise.all([
      send(door, 'POST /api/auth/logout', { headers: bearer(token) }),
      me(bearer(token)),
      me(bearer(token)),
      signIn(person),
    ])
    assert.equal(out.status, 204)
    assert.equal(
      (await me({ authorization: `Bearer ${(during[2] as { token: string }).token}` })).status,
      200,
    )
    await eventually(async () => (await me(bearer(token))).status === 401)
  }
})

/** A push takes a moment; it has a second. */
async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  for (const giveUpAt = Date.now() + 1000; !(await isSo());)
    assert.ok(Date.now() < giveUpAt, 'not within a second')
}

async function count(name: string): Promise<number> {
  const { values } = await metrics.getSingleMetric(name)!.get()
  return values.reduce((sum, { value }) => sum + value, 0)
}
