/** Two registries on one database. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { registry, type Instance } from '#contracts/registry.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { silentLogger } from '#platform/log.ts'
import { follow } from '#platform/replica/follow.ts'
import type { TestHost } from '#platform/testing/host.ts'
import { eventually, holdLease, instancesOf, registryHost, someInstance } from './testing.ts'
import { openRegistry, registerInstance } from './store/leases.ts'

/** Everything that a follower of the host's registry ever held, as text. */
function record(host: TestHost) {
  const open = (signal: AbortSignal) => host.client(registry).instances({}, { signal })
  const replica = follow<Instance>({ name: 'recorded', open, log: silentLogger })
  const states: string[][] = []
  replica.onChange(() => void states.push([...replica.rows.keys()].toSorted()))
  return { replica, states, [Symbol.asyncDispose]: () => replica[Symbol.asyncDispose]() }
}

suite('two registries', { concurrency: true }, () => {
  test('followers of both see every change at the same revision and with the same digest', async () => {
    await using first = await registryHost()
    await using second = await registryHost(first)
    await using one = record(first)
    await using other = record(second)
    await Promise.all([one.replica.heard(1_000), other.replica.heard(1_000)])
    const leases = await Promise.all(
      Array.from({ length: 30 }, (_, i) => holdLease(i % 2 === 0 ? first : second, someInstance())),
    )
    await Promise.all(
      leases.map(async (lease, i) => {
        await lease.renew('draining')
        if (i % 3 > 0) await lease.close()
      }),
    )
    await eventually(() => one.replica.rows.size === 12 && other.replica.rows.size === 12, 'both the same')
    await eventually(() => one.replica.place!.revision === other.replica.place!.revision, 'the same revision')
    assert.deepEqual([...one.replica.rows].toSorted(), [...other.replica.rows].toSorted())
    await Promise.all(leases.map((lease) => lease.close()))
  })

  test('an instance goes over from a registry that stops without anyone noticing', async () => {
    await using first = await registryHost()
    const second = await registryHost(first)
    const instance = someInstance()
    const lease = await holdLease(second, instance)
    await using watched = record(first)
    await eventually(() => watched.replica.rows.has(instance.id), 'known at the first')
    const revision = watched.replica.rows.get(instance.id)
    await second[Symbol.asyncDispose]()
    await lease.ended
    const again = await holdLease(first, instance)
    await sleep(1_500)
    assert.ok(watched.states.slice(1).every((ids) => ids.includes(instance.id)))
    assert.equal(watched.replica.rows.get(instance.id), revision, 'not even written again')
    await again.close()
    await eventually(() => !watched.replica.rows.has(instance.id), 'removed by its new registry')
  })

  test('what a dead registry held is removed after the time of grace, unless it came back', async () => {
    await using host = await registryHost()
    await using database = openDatabase({ url: host.databaseUrl })
    const db = database.forService('registry')
    const dead = crypto.randomUUID()
    await openRegistry(db, dead)
    const [back, gone] = [someInstance(), someInstance()]
    await registerInstance(db, back, dead)
    await registerInstance(db, gone, dead)
    const held = await holdLease(host, back)
    await sleep(8_000)
    assert.ok((await instancesOf(host)).has(gone.id), 'still in its time of grace')
    await eventually(async () => !(await instancesOf(host)).has(gone.id), 'removed', 6_000)
    assert.ok((await instancesOf(host)).has(back.id))
    await held.close()
  })

  test('a table that was lost begins a new epoch, incomplete until everyone could have come back', async () => {
    await using host = await registryHost()
    await using database = openDatabase({ url: host.databaseUrl })
    await using watched = record(host)
    const isComplete = async () => (await host.client(registry).listInstances({})).isComplete
    assert.equal(await isComplete(), false)
    await watched.replica.heard(1_000)
    const { epoch } = watched.replica.place!
    await eventually(isComplete, 'complete', 12_000)
    await openRegistry(database.forService('registry'), crypto.randomUUID())
    await sleep(1_200)
    assert.equal(watched.replica.place!.epoch, epoch, 'a table with instances in it was not lost')
  })
})
