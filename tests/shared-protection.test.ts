/** What one gateway learns of an address, and what an admin decides, counts at every gateway. */
import { eventually } from '#platform/testing/eventually.ts'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { identity } from '#contracts/identity.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { gatewayTo } from '#services/gateway/service.ts'
import { send } from '#services/gateway/testing.ts'
import identityService from '#services/identity/service.ts'

const services = [identityService, gatewayTo([identity])]
const settings = {
  SIGNALS_URL: 'postgres:',
  TRUSTED_PROXIES: '1',
  LIMIT_ANONYMOUS: '5/15m',
  SLOW_AFTER: '3/10m',
  BLOCK_AFTER: '6/10m',
}
const within = 1_000

let first: TestHost
let second: TestHost
before(async () => {
  first = await testHost({ services, settings })
  second = await testHost({ services, settings: { ...settings, DATABASE_URL: first.databaseUrl } })
})
after(async () => {
  await second[Symbol.asyncDispose]()
  await first[Symbol.asyncDispose]()
})

function portOf({ announced }: TestHost): { port: number } {
  const [, address = ''] = announced.find(([what]) => what === 'web') ?? []
  return { port: Number(new URL(address).port) }
}

let addresses = 0
const newAddress = () => `198.51.100.${++addresses}`

async function ask(host: TestHost, address: string): Promise<number> {
  const headers = { 'x-forwarded-for': address }
  const path = 'GET /api/profiles/availability?userid=somebody@localhost'
  // Whoever gets blocked has his connections cut.
  const cut = (error: NodeJS.ErrnoException) => assert.equal(error.code, 'ECONNRESET')
  return (await send(portOf(host), path as 'GET /', { headers }).catch(cut))?.status ?? 0
}

/** Gives the milliseconds that it took; a probe is not to be one of what is counted. */
/** Until the gateway blocks the address. */
async function offend(host: TestHost, address: string): Promise<void> {
  for (let i = 0; (await ask(host, address)) !== 403; i++) assert.ok(i < 30)
}

const marked = async (address: string) =>
  (await first.client(identity).listOffenders({})).items.find((offender) => offender.address === address)

test('an address that one gateway blocks is blocked at the other, until it is pardoned at both', async (t) => {
  for (let round = 0; round < 3; round++) {
    const address = newAddress()
    await offend(first, address)
    const marking = await eventually(async () => (await ask(second, address)) === 403)
    const offender = await marked(address)
    assert.equal(offender?.state, 'blocked')
    await second.client(identity).pardonOffender({ id: offender.id })
    const status = async (host: TestHost) => (await ask(host, address)) !== 403
    const pardoning = await eventually(async () => (await status(first)) && status(second))
    assert.ok(marking < within && pardoning < within, `${marking} ms, ${pardoning} ms`)
    t.diagnostic(`marked after ${marking.toFixed(0)} ms, pardoned after ${pardoning.toFixed(0)} ms`)
    assert.equal(await marked(address), undefined)
    assert.notEqual(await ask(first, address), 403, 'it begins anew')
  }
})

test('a gateway that starts anew knows the marks, though they were made before', async () => {
  const address = newAddress()
  await offend(second, address)
  await eventually(async () => (await marked(address)) !== undefined)
  await using third = await testHost({ services, settings: { ...settings, DATABASE_URL: first.databaseUrl } })
  assert.ok((await eventually(async () => (await ask(third, address)) === 403)) < within)
})

test('a policy counts at every gateway instead of the setting, and the setting again when it goes', async (t) => {
  const admin = first.client(identity)
  /** How many requests of a new address each gateway lets through. */
  const allowed = async (host: TestHost) => {
    const address = newAddress()
    let count = 0
    while (count < 12 && (await ask(host, address)) === 200) count++
    return count
  }
  assert.equal(await allowed(second), 5)
  for (const [rate, expected] of [
    ['2/1m', 2],
    ['9/1h', 9],
    ['none', 12],
    [null, 5],
    ['3/15m', 3],
    [null, 5],
  ] as const) {
    await admin.setPolicy({ id: 'LIMIT_ANONYMOUS', rate })
    for (const host of [first, second]) {
      const ms = await eventually(async () => (await allowed(host)) === expected)
      assert.ok(ms < within, `${rate}: ${ms} ms`)
      t.diagnostic(`${rate}: ${ms.toFixed(0)} ms`)
    }
    const items = rate === null ? [] : [{ id: 'LIMIT_ANONYMOUS', rate }]
    assert.deepEqual(await admin.listPolicies({}), { items })
  }
  await assert.rejects(admin.setPolicy({ id: 'LIMIT_ANONYMOUS', rate: '0/1m' }), { code: 'invalid' })
})

test('reports of the same address by many gateways at once are one mark, the hardest and longest', async () => {
  const address = newAddress()
  const until = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString()
  const reports = Array.from({ length: 40 }, (_, i) => ({
    address,
    state: i % 2 === 0 ? ('slowed' as const) : ('blocked' as const),
    until: until(60 + i),
  }))
  await Promise.all(
    reports.map((report, i) => [first, second][i % 2]!.client(identity).reportOffender(report)),
  )
  const { items } = await first.client(identity).listOffenders({ limit: 200 })
  const found = items.filter((offender) => offender.address === address)
  assert.deepEqual(
    found.map(({ state, until }) => [state, until]),
    [['blocked', reports.at(-1)!.until]],
  )
})
