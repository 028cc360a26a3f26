import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testDatabase } from '#platform/database/testing.ts'
import type { Identity } from '#platform/identity.ts'
import depotService, { depot } from '#platform/testing/depot/service.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { freePort } from '#platform/testing/server-process.ts'
import registryService from '../services/registry/service.ts'

const services = [depotService, registryService]
const rpcAddress = (host: TestHost) => host.announced.find(([what]) => what === 'RPC')![1]
const customer: Identity = { kind: 'account', accountId: 'a', sessionId: 's', roles: ['customer'] }

/** Two instances of the depot, the registry beside one, and a process that answers nothing, all on one database. */
async function threeProcesses() {
  await using stack = new AsyncDisposableStack()
  const shared = { CLUSTER_KEY: 'a test' }
  const first = stack.use(await testHost({ services, settings: shared }))
  const settings = { ...shared, DATABASE_URL: first.databaseUrl, REGISTRY_URL: rpcAddress(first) }
  const second = stack.use(await testHost({ services, roles: ['depot'], settings }))
  const caller = stack.use(await testHost({ services, roles: ['depot/sorter'], settings }))
  const opened = stack.move()
  return { first, second, caller, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

test('calls, errors, identity, trace and streams go to another process as they do to this one', async () => {
  await using processes = await threeProcesses()
  const client = processes.caller.client(depot, customer)
  assert.deepEqual(await client.sendParcel({ id: 'far', grams: 3 }), { id: 'far', grams: 3 })
  await assert.rejects(client.sendParcel({ id: 'far', grams: 3000 }), { code: 'tooHeavy', status: 409 })
  await assert.rejects(client.sendParcel({ id: '', grams: 1 }), {
    code: 'invalid',
    fields: [{ path: 'id', message: 'Too small: expected string to have >=1 characters' }],
  })
  assert.equal((await client.lookAround({})).kind, 'account')
  assert.equal((await client.relay({})).kind, 'service')
  await assert.rejects(client.inspect({}), { code: 'forbidden' })
  const items = await Array.fromAsync(client.count({ to: 500 }))
  assert.equal(items.length, 500)
  assert.equal(items[499], 500)
  await assert.rejects(client.wait({ ms: 3000 }, { deadlineMs: 100 }), { code: 'deadlineExceeded' })
})

test('when an instance goes, queries go to the other one and none fails', async () => {
  await using processes = await threeProcesses()
  const client = processes.caller.client(depot)
  await Promise.all(Array.from({ length: 20 }, () => client.countParcels({})))
  let stopped: Promise<void> | undefined
  for (let i = 0; i < 200; i++) {
    if (i === 50) stopped = Promise.resolve(processes.second[Symbol.asyncDispose]())
    await Promise.all([client.countParcels({}), client.wait({ ms: 5 })])
  }
  await stopped
})

test('with no instance left a call is unavailable at once and says when to try again', async () => {
  await using lonely = await testHost({ services: [depotService], roles: ['depot/sorter'] })
  await assert.rejects(lonely.client(depot).countParcels({}), {
    code: 'unavailable',
    status: 503,
    retryAfterSeconds: 1,
  })
})

test('a process with another cluster key is not let in', async () => {
  await using first = await testHost({ services, settings: { CLUSTER_KEY: 'one' } })
  await using stranger = await testHost({
    services,
    roles: ['depot/sorter'],
    settings: { CLUSTER_KEY: 'two', DATABASE_URL: first.databaseUrl, REGISTRY_URL: rpcAddress(first) },
  })
  await assert.rejects(stranger.client(depot).countParcels({}), { code: 'unavailable' })
})

test('a process that starts before its registry waits for it, and finds everyone when it comes', async () => {
  await using database = await testDatabase([])
  const settings = { CLUSTER_KEY: 'a test', DATABASE_URL: database.url }
  const address = `tcp://127.0.0.1:${await freePort()}`
  await using early = await testHost({
    services,
    roles: ['depot/sorter'],
    settings: { ...settings, REGISTRY_URL: address },
  })
  await assert.rejects(early.client(depot).countParcels({}), { code: 'unavailable' })
  await using late = await testHost({ services, settings: { ...settings, RPC_ADDRESS: address } })
  for (let tries = 0; early.directory.endpoints('depot').length === 0; tries++) {
    assert.ok(tries < 50, 'not found')
    await sleep(100)
  }
  await early.client(depot).countParcels({})
  assert.equal(early.directory.table?.rows.size, late.directory.table?.rows.size)
})
