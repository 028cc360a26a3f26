/** Somebody is thrown out: wherever he was in, at whichever gateway, he is out within a second. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { identity } from '#contracts/identity.ts'
import { liveCloseCodes, livePath } from '#contracts/live.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { gatewayTo } from '#services/gateway/service.ts'
import { send } from '#services/gateway/testing.ts'
import identityService from '#services/identity/service.ts'
import { password } from '#services/identity/testing.ts'

const serviceKey = 'the-service-key-of-the-owner'
const rounds = 5

type Door = { port: number }
type Headers = Record<string, string>

let hosts: TestHost[]
let doors: Door[]
before(async () => {
  const services = [identityService, gatewayTo([identity])]
  const settings = { SERVICE_KEY: serviceKey, SIGNALS_URL: 'postgres:', LIMIT_ANONYMOUS: 'none' }
  const first = await testHost({ services, settings })
  const second = await testHost({ services, settings: { ...settings, DATABASE_URL: first.databaseUrl } })
  hosts = [first, second]
  doors = hosts.map(({ announced }) => {
    const [, address = ''] = announced.find(([what]) => what === 'web') ?? []
    return { port: Number(new URL(address).port) }
  })
})
after(async () => {
  for (const host of hosts.toReversed()) await host[Symbol.asyncDispose]()
})

async function post<Answer>(door: Door, path: string, body: object, headers: Headers = {}): Promise<Answer> {
  const reply = await send(door, `POST ${path}` as 'POST /', { body, headers })
  assert.ok(reply.status < 300, reply.text)
  return JSON.parse(reply.text || 'null') as Answer
}

/** Everything somebody may come in with. */
async function signInEverywhere(
  userid: string,
): Promise<{ accountId: string; ways: Record<string, Headers> }> {
  const [first, second] = doors as [Door, Door]
  const credentials = { userid, password }
  const { id: accountId } = await post<{ id: string }>(first, '/api/profiles', { ...credentials, name: 'X' })
  const browser = async (door: Door): Promise<Headers> => {
    const reply = await send(door, 'POST /api/auth/login', { body: credentials })
    return { cookie: reply.headers['set-cookie']![0]!.split(';')[0]! }
  }
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const app = await post<{ token: string }>(second, '/api/auth/login', { ...credentials, client: 'app' })
  const oneBrowser = await browser(first)
  const page = { ...oneBrowser, 'sec-fetch-site': 'same-origin' }
  const wish = { name: 'a script', scopes: ['identity:read'] }
  const { key } = await post<{ key: string }>(first, '/api/me/keys', wish, page)
  const ways = {
    'a browser': oneBrowser,
    'another browser': await browser(second),
    'an app': bearer(app.token),
    'a key': { 'x-api-key': key },
  }
  return { accountId, ways }
}

async function openSocket(door: Door, headers: Headers): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${door.port}${livePath}`, {
    headers: { ...headers, origin: `http://127.0.0.1:${door.port}` },
  })
  await once(socket, 'open')
  return socket
}

const status = async (door: Door, headers: Headers) => (await send(door, 'GET /api/me', { headers })).status

test('off-boarding refuses every session, token and key and closes every socket at two gateways', async (t) => {
  for (let round = 0; round < rounds; round++) {
    const { accountId, ways } = await signInEverywhere(`leaver${round}`)
    const places = doors.flatMap((door, gateway) =>
      Object.entries(ways).map(([way, headers]) => ({
        name: `${way} at gateway ${gateway + 1}`,
        door,
        headers,
      })),
    )
    const sockets: WebSocket[] = []
    for (const { name, door, headers } of places) {
      assert.equal(await status(door, headers), 200, name)
      sockets.push(await openSocket(door, headers))
    }

    const startedAt = performance.now()
    const since = () => performance.now() - startedAt
    const closing = sockets.map(async (socket) => {
      const [code] = (await once(socket, 'close')) as [number]
      assert.equal(code, liveCloseCodes.sessionEnded)
      return since()
    })
    const refusing = places.map(async ({ name, door, headers }) => {
      while ((await status(door, headers)) !== 401) {
        assert.ok(since() < 5_000, name)
        await sleep(2)
      }
      return since()
    })
    const offboarding = post(
      doors[round % 2]!,
      `/api/accounts/${accountId}/offboarding`,
      {},
      { 'x-api-key': serviceKey },
    )
    const [refused, closed] = [await Promise.all(refusing), await Promise.all(closing)]
    await offboarding
    const [lastRefused, lastClosed] = [Math.max(...refused), Math.max(...closed)]
    t.diagnostic(`refused after ${lastRefused.toFixed(0)} ms, closed after ${lastClosed.toFixed(0)} ms`)
    assert.ok(lastRefused < 1_000 && lastClosed < 1_000)

    for (const { name, door, headers } of places) assert.equal(await status(door, headers), 401, name)
    const again = await send(doors[0]!, 'POST /api/auth/login', {
      body: { userid: `leaver${round}`, password },
    })
    assert.deepEqual([again.status, again.json.code], [401, 'wrongCredentials'])
  }
})
