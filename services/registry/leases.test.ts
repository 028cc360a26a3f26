import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { registry } from '#contracts/registry.ts'
import { openDatabase } from '#platform/database/pool.ts'
import type { TestHost } from '#platform/testing/host.ts'
import { isMassLoss } from './preservation.ts'
import { eventually, holdLease, instancesOf, registryHost, silentServer, someInstance } from './testing.ts'

let host: TestHost
before(async () => {
  host = await registryHost()
})
after(() => host[Symbol.asyncDispose]())

const stateOf = async (id: string) => (await instancesOf(host)).get(id)?.state
const isGone = (id: string) => async () => (await stateOf(id)) === undefined

test('an instance is registered with its state, and gone when its stream closes', async () => {
  const lease = await holdLease(host, someInstance({ state: 'starting' }))
  assert.equal(await stateOf(lease.id), 'starting')
  assert.ok(await lease.renew('ready'))
  assert.equal(await stateOf(lease.id), 'ready')
  await lease.close()
  assert.ok((await eventually(isGone(lease.id), 'removed')) < 500)
})

test('a removed id does not come back', async () => {
  const instance = someInstance()
  await (await holdLease(host, instance)).close()
  await eventually(isGone(instance.id), 'removed')
  await assert.rejects(holdLease(host, instance), { code: 'conflict' })
  assert.equal((await host.client(registry).renewLease({ id: instance.id, state: 'ready' })).isKnown, false)
})

test('an instance that is silent for three seconds is gone, one that beats stays', async () => {
  const [beating, silent] = await Promise.all([
    holdLease(host, someInstance()),
    holdLease(host, someInstance(), { isSilent: true }),
  ])
  const ms = await eventually(isGone(silent.id), 'removed')
  assert.ok(ms > 2_500 && ms < 4_000, `${ms} ms`)
  await silent.ended
  assert.equal(await stateOf(beating.id), 'ready')
  await beating.renew('draining')
  await beating.close()
})

test('a process that takes an address replaces the one that was there', async () => {
  const old = await holdLease(host, someInstance())
  const { address } = (await instancesOf(host)).get(old.id)!
  const fresh = await holdLease(host, someInstance({ address }))
  assert.equal(await stateOf(old.id), undefined)
  assert.equal(await stateOf(fresh.id), 'ready')
  await old.ended
  await fresh.renew('draining')
  await fresh.close()
})

test('whoever is removed by an admin has to register anew', async () => {
  const lease = await holdLease(host, someInstance())
  await host.client(registry).removeInstance({ id: lease.id })
  assert.equal(await stateOf(lease.id), undefined)
  await lease.ended
  assert.equal(await lease.renew(), false)
  await assert.rejects(host.client(registry).removeInstance({ id: lease.id }), { code: 'notFound' })
})

test('most leases lost at once are not believed until it is proven that nobody is there', async () => {
  await using silent = await silentServer()
  await using alsoSilent = await silentServer()
  const unheard = [silent, alsoSilent].map(({ address }) => someInstance({ address }))
  const refused = [someInstance(), someInstance()]
  const all = [...unheard, ...refused]
  const leases = await Promise.all(all.map((instance) => holdLease(host, instance)))
  const present = async () => {
    const known = await instancesOf(host)
    return all.map(({ id }) => known.has(id))
  }
  await Promise.all(leases.map((lease) => lease.close()))
  await sleep(200)
  assert.deepEqual(await present(), [true, true, true, true])
  await eventually(async () => (await present()).join() === 'true,true,false,false', 'those refused go')
  await sleep(1_500)
  assert.deepEqual(await present(), [true, true, false, false], 'those unheard stay')

  const back = await holdLease(host, unheard[0]!)
  await eventually(async () => (await present()).join() === 'true,false,false,false', 'the last one goes')
  await back.renew('draining')
  await back.close()
})

test('draining instances that leave together are believed', async () => {
  const leases = await Promise.all(Array.from({ length: 4 }, () => holdLease(host, someInstance())))
  await Promise.all(leases.map((lease) => lease.renew('draining')))
  await Promise.all(leases.map((lease) => lease.close()))
  for (const { id } of leases) assert.ok((await eventually(isGone(id), 'removed')) < 500)
})

test('a mass loss is two or more, and most', () => {
  const cases: [lost: number, late: number, held: number, expected: boolean][] = [
    [1, 0, 0, false],
    [1, 0, 10, false],
    [2, 0, 0, true],
    [2, 0, 2, false],
    [3, 0, 2, true],
    [1, 5, 5, true],
    [1, 2, 9, false],
    [0, 5, 5, false],
  ]
  for (const [lost, late, held, expected] of cases)
    assert.equal(isMassLoss({ lost, late, held }), expected, `${lost} ${late} ${held}`)
})

test('rows that somebody deletes in the database are registered again', async () => {
  await using database = openDatabase({ url: host.databaseUrl })
  const own = [...(await instancesOf(host)).values()].find(
    ({ services }) => services[0]?.name === 'registry',
  )!
  await sql`delete from registry.instances`.execute(database.forService('registry'))
  await eventually(async () => (await stateOf(own.id)) === 'ready', 'registered again')
})

test('versions are weighed, and everyone who follows hears of it', async () => {
  const [first, second] = await Promise.all([
    holdLease(host, someInstance({ version: '1.4.0' })),
    holdLease(host, someInstance({ version: '1.5.0' })),
  ])
  const weights = () => {
    const endpoints = host.directory.endpoints('shop')
    return endpoints.map(({ version, weight }) => `${version}: ${weight}`).toSorted()
  }
  await eventually(() => weights().join() === '1.4.0: 100,1.5.0: 100', 'both')
  const client = host.client(registry)
  await client.weighVersions({ service: 'shop', weights: { '1.4.0': 90, '1.5.0': 10 } })
  await eventually(() => weights().join() === '1.4.0: 90,1.5.0: 10', 'weighed')
  const third = await holdLease(host, someInstance({ version: '1.4.0' }))
  await eventually(() => weights().join() === '1.4.0: 45,1.4.0: 45,1.5.0: 10', 'shared')
  await client.weighVersions({ service: 'shop', weights: {} })
  await eventually(() => weights().join() === '1.4.0: 100,1.4.0: 100,1.5.0: 100', 'alike again')
  for (const lease of [first, second, third]) {
    await lease.renew('draining')
    await lease.close()
  }
})

test('whoever registers while the registry looks after its leases keeps his', async () => {
  for (let round = 0; round < 60; round++) {
    const lease = await holdLease(host, someInstance({ state: 'starting' }))
    await sleep(Math.random() * 40)
    assert.ok(await lease.renew('ready'), `round ${round}`)
    await lease.renew('draining')
    await lease.close()
  }
})
