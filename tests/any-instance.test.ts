/** One token at every gateway, answered by every instance; and what goes on when all that is central is gone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startRedis } from '#platform/testing/redis.ts'
import { serviceKey, startCluster, type Place } from './cluster.ts'

const credentials = { userid: 'anywhere', password: 'a slow green ferry' }
const outageMs = Number(process.env.CENTRAL_OUTAGE_MS ?? 3_000)

async function call(web: string, door: string, token?: string, body?: object) {
  const [method = '', path = ''] = door.split(' ')
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  const response = await fetch(web + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}

const me = async (web: string, token: string) => (await call(web, 'GET /api/me', token)).status
/** A call that no service answers. */
const combine = async (web: string, token: string) =>
  (await call(web, 'POST /api/combine', token, { wishes: {} })).status
const login = (web: string, more: object = {}) =>
  call(web, 'POST /api/auth/login', undefined, { ...credentials, ...more })

test('any token is good at any gateway, and without identity, registry and Redis for who is in', async () => {
  await using redis = await startRedis()
  await using cluster = await startCluster()
  const shared = { CACHE_URL: redis.url, PUBLIC_URL: 'https://post.example' }
  const limits = { LIMIT_SIGN_IN: 'none', LIMIT_ANONYMOUS: 'none' }
  const instances: Place[] = []
  const gateways: Place[] = []
  for (let i = 0; i < 3; i++) instances.push(await cluster.add(['identity'], shared))
  for (let i = 0; i < 3; i++) gateways.push(await cluster.add(['gateway'], { ...shared, ...limits }))
  const webs = gateways.map(({ web }) => web)
  const [first = ''] = webs
  const signedUp = await call(first, 'POST /api/profiles', undefined, { ...credentials, name: 'Anywhere' })
  assert.equal(signedUp.status, 201)
  const session = (await login(first)).body.token!
  const app = (await login(first, { client: 'app' })).body.token!
  const tokens = [session, app]

  const statuses = await Promise.all(Array.from({ length: 300 }, (_, i) => me(webs[i % 3]!, tokens[i % 2]!)))
  assert.deepEqual(new Set(statuses), new Set([200]))
  const answered = await busyInstances(first)
  assert.equal(answered, 3, 'every instance of identity had a share')

  const unknown = (await login(first)).body.token!
  for (const web of webs) for (const token of tokens) assert.equal(await combine(web, token), 200)
  await Promise.all([...instances, ...cluster.registries].map(({ program }) => program.stop('SIGKILL')))
  await redis.kill()
  const deadAt = Date.now()
  const forged = [`dk_${'A'.repeat(43)}`, `${app.slice(0, -4)}AAAA`]
  while (Date.now() - deadAt < outageMs)
    await Promise.all(
      webs.flatMap((web) => [
        ...tokens.map(async (token) => assert.equal(await combine(web, token), 200)),
        ...forged.map(async (token) => assert.notEqual(await combine(web, token), 200)),
        combine(web, unknown).then((status) => assert.equal(status, 503)),
        login(web).then(({ status }) => assert.equal(status, 503)),
      ]),
    )
})

async function busyInstances(web: string): Promise<number> {
  const topology = (await call(web, 'GET /api/topology', serviceKey)).body as unknown as {
    instances: { services: { name: string; perSecond: number }[] }[]
  }
  return topology.instances
    .flatMap(({ services }) => services)
    .filter(({ name, perSecond }) => name === 'identity' && perSecond > 0).length
}
