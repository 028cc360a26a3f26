import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metrics } from '#platform/metrics.ts'
import { send, serviceKey, testDoor, type TestDoor } from '#services/gateway/testing.ts'

/** Each test door believes the one proxy that the test plays. */
const policy = { trustedProxies: 1 }

const from = (address: string) => ({ 'x-forwarded-for': address })
const taste = (door: TestDoor, address: string) => send(door, 'GET /kiosk/taste', { headers: from(address) })
const signIn = (door: TestDoor, userid: unknown, address: string) =>
  send(door, 'POST /kiosk/sign-in', { body: { userid }, headers: from(address) })

test('the 101st anonymous call of an address within 15 minutes is 429 and says when to come back', async () => {
  await using door = await testDoor({}, { policy })
  for (let left = 99; left >= 0; left--) {
    const { status, headers } = await taste(door, '203.0.113.9')
    assert.equal(status, 200)
    assert.equal(headers['ratelimit-remaining'], String(left))
  }
  const { status, headers, json } = await taste(door, '203.0.113.9')
  assert.equal(status, 429)
  assert.equal(json.code, 'tooManyRequests')
  const retryAfter = Number(headers['retry-after'])
  assert.ok(retryAfter > 800 && retryAfter <= 900, String(retryAfter))
  assert.equal(headers['ratelimit-limit'], '100')
  assert.equal(headers['ratelimit-remaining'], '0')
  assert.equal(headers['ratelimit-reset'], headers['retry-after'])
  assert.equal(headers['ratelimit-policy'], '100;w=900')
  assert.match(await metrics.metrics(), /dakghar_gateway_refused_total\{reason="limit"\} [1-9]/)

  assert.equal((await taste(door, '203.0.113.10')).status, 200)
  const free = await send(door, 'GET /kiosk/items', { headers: from('203.0.113.9') })
  assert.equal(free.status, 200)
  assert.equal(free.headers['ratelimit-limit'], undefined)
})

test('calls that name a limit count together, wrong ones too, and those of one /64 as well', async () => {
  const calls = {
    anonymous: { uses: 4, windowMs: 60_000 },
    signIn: undefined,
    account: undefined,
    serviceKey: undefined,
  }
  await using door = await testDoor({}, { policy: { ...policy, calls } })
  assert.equal((await taste(door, '2001:db8::1')).status, 200)
  assert.equal((await signIn(door, 'amina@example.org', '2001:db8::2')).status, 200)
  assert.equal((await signIn(door, 7, '2001:db8::3')).status, 400)
  assert.equal((await taste(door, '2001:db8::4')).status, 200)
  assert.equal((await taste(door, '2001:db8::5')).status, 429)
  assert.equal((await taste(door, '2001:db8:0:1::5')).status, 200)
})

test('five tries to sign in to an account from one address, however its name is written', async () => {
  await using door = await testDoor({}, { policy })
  for (const userid of ['amina@x', 'Amina@x', ' amina@x', 'AMINA@X ', 'amina@x'])
    assert.equal((await signIn(door, userid, '203.0.113.9')).status, 200)
  const refused = await signIn(door, 'amina@x', '203.0.113.9')
  assert.equal(refused.status, 429)
  assert.equal(refused.headers['ratelimit-policy'], '5;w=900')
  assert.equal((await signIn(door, 'amina@x', '203.0.113.10')).status, 200)
  assert.equal((await signIn(door, 'karim@x', '203.0.113.9')).status, 200)
})

test('holders of a service key have their own limit', async () => {
  const keyed = { uses: 2, windowMs: 60_000 }
  const calls = { anonymous: undefined, signIn: undefined, account: undefined, serviceKey: keyed }
  await using door = await testDoor({}, { policy: { ...policy, calls } })
  const headers = { 'x-api-key': serviceKey }
  const till = () => send(door, 'POST /kiosk/till', { headers })
  assert.deepEqual([(await till()).status, (await till()).status, (await till()).status], [200, 200, 429])
  assert.equal((await taste(door, '203.0.113.9')).status, 200)
})

test('an address that does not stop is slowed at every door, then blocked for a time', async () => {
  const calls = {
    anonymous: { uses: 1, windowMs: 60_000 },
    signIn: undefined,
    account: undefined,
    serviceKey: undefined,
  }
  const offenders = {
    slowAfter: { uses: 5, windowMs: 60_000 },
    slowedTo: { uses: 3, windowMs: 60_000 },
    blockAfter: { uses: 15, windowMs: 60_000 },
    blockMs: 400,
  }
  await using door = await testDoor({}, { policy: { ...policy, calls, offenders } })
  const address = '203.0.113.9'
  const statuses: number[] = []
  for (let i = 0; i < 7; i++) statuses.push((await taste(door, address)).status)
  assert.deepEqual(statuses, [200, 429, 429, 429, 429, 429, 429])
  const { offenders: marked } = door.protection.snapshot()
  assert.deepEqual(
    marked.map(({ address: text, state }) => [text, state]),
    [[address, 'slowed']],
  )
  assert.match(await metrics.metrics(), /dakghar_gateway_offenders\{state="slowed"\}/)

  const items = () => send(door, 'GET /kiosk/items', { headers: from(address) })
  const slowed = [await items(), await items(), await items(), await items()].map(({ status }) => status)
  assert.deepEqual(slowed, [200, 200, 200, 429])
  let last = await items()
  for (let i = 0; i < 20 && last.status === 429; i++) last = await items()
  assert.equal(last.status, 403)
  assert.equal((await send(door, 'GET /kiosk/items', { headers: from('203.0.113.10') })).status, 200)
  await new Promise((resolve) => setTimeout(resolve, 450))
  assert.equal((await items()).status, 200)
})

test('what the exempt do marks nobody', async () => {
  const calls = {
    anonymous: { uses: 1, windowMs: 60_000 },
    signIn: undefined,
    account: undefined,
    serviceKey: undefined,
  }
  await using door = await testDoor({}, { policy: { calls } })
  for (let i = 0; i < 400; i++) await send(door, 'GET /kiosk/taste')
  assert.deepEqual(door.protection.snapshot().offenders, [])
  assert.equal((await send(door, 'GET /kiosk/items')).status, 200)
})
