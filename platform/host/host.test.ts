import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Identity } from '#platform/identity.ts'
import depotService, { depot } from '#platform/testing/depot/service.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'

let host: TestHost
before(async () => {
  host = await testHost({ services: [depotService] })
})
after(() => host[Symbol.asyncDispose]())

const anonymous: Identity = { kind: 'anonymous' }
const customer: Identity = { kind: 'account', accountId: 'a', sessionId: 's', roles: ['customer'] }
const owner: Identity = { kind: 'account', accountId: 'o', sessionId: 's', roles: ['owner'] }

const count = () => host.client(depot).countParcels({})

async function arrivalsReach(expected: number): Promise<void> {
  for (let i = 0; i < 200 && (await count()).arrivals < expected; i++) await sleep(25)
  assert.equal((await count()).arrivals, expected)
}

test('a command commits its rows and its events together', async () => {
  const before = await count()
  await host.client(depot).sendParcel({ id: 'p1', grams: 5 })
  await arrivalsReach(before.arrivals + 1)
  assert.equal((await count()).parcels, before.parcels + 1)
})

test('a command that fails leaves neither rows nor events', async () => {
  const before = await count()
  await assert.rejects(host.client(depot).sendParcel({ id: 'p2', grams: 2000 }), {
    code: 'tooHeavy',
    status: 409,
    message: 'A parcel weighs at most 1 kg.',
  })
  await sleep(300)
  assert.deepEqual(await count(), before)
})

test('input is validated and every wrong field is named', async () => {
  await assert.rejects(host.client(depot).sendParcel({ id: '', grams: 1.5 }), (error: never) => {
    const { code, fields } = error as { code: string; fields: { path: string }[] }
    assert.equal(code, 'invalid')
    assert.deepEqual(fields.map(({ path }) => path).toSorted(), ['grams', 'id'])
    return true
  })
})

test('a bug, an answer against the contract and an undeclared error leave as internal, without detail', async () => {
  for (const how of ['bug', 'badAnswer', 'undeclared'] as const)
    await assert.rejects(host.client(depot).stumble({ how }), {
      code: 'internal',
      status: 500,
      message: 'internal',
    })
})

test('who may call is checked before anything else', async () => {
  const calls = [
    [anonymous, 'lookAround', 'unauthenticated'],
    [anonymous, 'inspect', 'unauthenticated'],
    [customer, 'inspect', 'forbidden'],
    [anonymous, 'openVault', 'unauthenticated'],
    [owner, 'openVault', 'forbidden'],
  ] as const
  for (const [identity, call, code] of calls)
    await assert.rejects(host.client(depot, identity)[call]({}), { code }, `${identity.kind} ${call}`)
  assert.equal((await host.client(depot, customer).lookAround({})).kind, 'account')
  assert.deepEqual(await host.client(depot, owner).inspect({}), {})
})

test('a service calls in its own name when it says so', async () => {
  assert.equal((await host.client(depot, anonymous).relay({})).kind, 'service')
})

test('a call that takes too long ends at its deadline, and its transaction does not commit', async () => {
  await assert.rejects(host.client(depot).wait({ ms: 5_000 }, { deadlineMs: 50 }), {
    code: 'deadlineExceeded',
    status: 504,
  })
  const before = await count()
  const slow = host.client(depot).sendSlowly({ id: 'late', grams: 1, ms: 200 }, { deadlineMs: 100 })
  await assert.rejects(slow, { code: 'deadlineExceeded' })
  await sleep(300)
  assert.deepEqual(await count(), before)
})

test('a caller that gives up cancels the call', async () => {
  const controller = new AbortController()
  const call = host.client(depot).wait({ ms: 5_000 }, { signal: controller.signal })
  setTimeout(() => controller.abort(), 20)
  await assert.rejects(call, { code: 'cancelled' })
})

test('the same idempotency key replays the answer and changes nothing', async () => {
  const before = await count()
  const send = (grams: number) =>
    host.client(depot).sendParcel({ id: 'once', grams }, { idempotencyKey: 'k1' })
  assert.deepEqual(await send(7), await send(7))
  assert.equal((await count()).parcels, before.parcels + 1)
  await assert.rejects(send(8), { code: 'idempotencyKeyReused', status: 422 })
  await host.client(depot, customer).sendParcel({ id: 'once', grams: 7 }, { idempotencyKey: 'k1' })
  assert.equal(
    (await count()).parcels,
    before.parcels + 2,
    'keys of different callers have nothing to do with each other',
  )
})

test('of many requests with one key exactly one takes effect', async () => {
  for (let round = 0; round < 20; round++) {
    const before = await count()
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, () =>
        host
          .client(depot)
          .sendSlowly({ id: `r${round}`, grams: 1, ms: 10 }, { idempotencyKey: `race ${round}` }),
      ),
    )
    assert.equal((await count()).parcels, before.parcels + 1)
    for (const result of results)
      if (result.status === 'rejected')
        assert.equal((result.reason as { code: string }).code, 'idempotencyKeyInUse')
    assert.ok(results.some(({ status }) => status === 'fulfilled'))
  }
})

test('a failed command can be tried again with its key', async () => {
  const send = () => host.client(depot).sendParcel({ id: 'heavy', grams: 5000 }, { idempotencyKey: 'k2' })
  await assert.rejects(send(), { code: 'tooHeavy' })
  await assert.rejects(send(), { code: 'tooHeavy' })
})

test('an answer that is a secret is never stored', async () => {
  const open = () => host.client(depot).openVault({}, { idempotencyKey: 'k3' })
  assert.notEqual((await open()).secret, (await open()).secret)
})

test('a stream gives its items in order and stops when the caller does', async () => {
  const items: number[] = []
  for await (const item of host.client(depot).count({ to: 1_000_000 })) {
    items.push(item)
    if (items.length === 5) break
  }
  assert.deepEqual(items, [1, 2, 3, 4, 5])
})

test('the process says how it is', async () => {
  assert.deepEqual(await host.ops('/ping'), {
    status: 200,
    contentType: 'text/plain; charset=utf-8',
    body: 'OK',
  })
  const health = JSON.parse((await host.ops('/health'))!.body) as Record<string, unknown>
  assert.equal(health.status, 'ok')
  assert.equal(health.service, 'dakghar')
  assert.ok(!Number.isNaN(Date.parse(String(health.timestamp))))
  assert.equal((await host.ops('/ready'))?.status, 200)
  assert.match(
    (await host.ops('/metrics'))!.body,
    /dakghar_calls_total\{service="depot",call="sendParcel",code="tooHeavy"\} \d/,
  )
  assert.equal(await host.ops('/nothing'), undefined)
})
