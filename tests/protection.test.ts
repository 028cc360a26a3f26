/** What two gateways refuse together: processes of their own, with Redis between them and without it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis, type Redis } from '#platform/testing/redis.ts'
import { ask, percentile, serviceKey, startCluster, until, type Cluster, type Place } from './cluster.ts'

let redis: Redis
let cluster: Cluster
let identity: Place
let gateways: [Place, Place]
before(async () => {
  redis = await startRedis()
  cluster = await startCluster()
  const settings = { CACHE_URL: redis.url, TRUSTED_PROXIES: '1' }
  identity = await cluster.add(['identity'])
  gateways = [await cluster.add(['gateway'], settings), await cluster.add(['gateway'], settings)]
})
after(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await redis?.[Symbol.asyncDispose]()
})

const from = (address: string) => ({ 'x-forwarded-for': address })
const statusOf = async (web: string, path: string, init: RequestInit) => {
  const response = await fetch(web + path, init)
  await response.arrayBuffer()
  return response.status
}
const asks = ({ web }: Place, address: string) => statusOf(web, '/health', { headers: from(address) })
/** Refused by identity, but only where the gateway lets it through. */
const signsUp = ({ web }: Pick<Place, 'web'>, address: string) =>
  statusOf(web, '/api/profiles', {
    method: 'POST',
    headers: { ...from(address), 'content-type': 'application/json' },
    body: '{}',
  })

/** So many at once, to each gateway in turn: how many got each status. */
async function signUps(address: string, times: number): Promise<Record<number, number>> {
  const asked = Array.from({ length: times }, (_, i) => signsUp(gateways[i % 2]!, address))
  const statuses = await Promise.all(asked)
  return Object.fromEntries(
    Object.entries(Object.groupBy(statuses, String)).map(([status, all]) => [status, all!.length]),
  )
}

async function blocks(range: string): Promise<{ id: string }> {
  const headers = { 'x-api-key': serviceKey, 'content-type': 'application/json' }
  const body = JSON.stringify({ range, reason: 'spam' })
  const response = await fetch(`${gateways[0].web}/api/blocklist`, { method: 'POST', headers, body })
  assert.equal(response.status, 201)
  return (await response.json()) as { id: string }
}

test('an edit of the blocklist holds at every gateway within a second, and so does taking it off', async (t) => {
  const took: number[] = []
  for (let round = 0; round < 10; round++) {
    const address = `203.0.113.${round + 1}`
    assert.deepEqual(await Promise.all(gateways.map((gateway) => asks(gateway, address))), [200, 200])
    const { id } = await blocks(`${address}/32`)
    const editedAt = performance.now()
    for (const gateway of gateways)
      await until(
        () => asks(gateway, address),
        (status) => status === 403,
        5_000,
      )
    took.push(performance.now() - editedAt)
    const removal = { method: 'DELETE', headers: { 'x-api-key': serviceKey } }
    assert.equal(await statusOf(gateways[1].web, `/api/blocklist/${id}`, removal), 204)
    for (const gateway of gateways)
      await until(
        () => asks(gateway, address),
        (status) => status === 200,
        5_000,
      )
  }
  // A machine that is busy with other tests may stall for as long as that.
  assert.ok(percentile(took, 0.8) < 1_000, `ms: ${took.map(Math.round)}`)
  t.diagnostic(`ms until both refuse: ${took.map(Math.round)}`)
})

test('a gateway that starts while identity is down refuses whom it refused before', async () => {
  await blocks('2001:db8:bad::/48')
  for (const gateway of gateways)
    await until(
      () => asks(gateway, '2001:db8:bad::7'),
      (status) => status === 403,
      5_000,
    )
  await sleep(100)
  await identity.program.stop('SIGKILL')
  for (const gateway of gateways) {
    await gateway.program.stop('SIGKILL')
    await gateway.start()
    assert.equal(await asks(gateway, '2001:db8:bad::7'), 403)
    assert.equal(await asks(gateway, '2001:db8:900d::7'), 200)
  }
  await identity.start()
  const isShown = () =>
    ask<{ items: unknown[] }>(gateways[0].web, '/api/blocklist').catch(() => ({ items: [] }))
  await until(isShown, ({ items }) => items.length === 1)
})

test('two gateways count together and exactly, each for itself while Redis is dead, and together again', async () => {
  await until(
    () => signsUp(gateways[0], '198.51.100.1'),
    (status) => status === 400,
  )
  await until(
    () => signsUp(gateways[1], '198.51.100.1'),
    (status) => status === 400,
  )
  let callers = 1
  // A machine so busy that Redis is late has them count for themselves: then another caller is asked.
  const countTogether = () =>
    until(
      () => signUps(`198.51.100.${10 + callers++}`, 130),
      (got) => got[400] === 100 && got[429] === 30,
      5_000,
    )
  await countTogether()

  await redis.kill()
  assert.deepEqual(await signUps('198.51.100.3', 260), { 400: 200, 429: 60 })

  await redis.restart()
  const areShared = async ({ web }: Place) => {
    await signsUp({ web }, '198.51.100.4')
    const response = await fetch(`${web}/metrics`, { headers: { 'x-api-key': serviceKey } })
    return (await response.text()).includes('dakghar_limits_shared 1')
  }
  for (const gateway of gateways) await until(() => areShared(gateway), Boolean)
  await countTogether()
})
