import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { identity } from '#contracts/identity.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { silentLogger } from '#platform/log.ts'
import { follow } from '#platform/replica/follow.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { blockedRanges, removeExpiredRanges } from '#services/identity/store/blocklist.ts'
import identityService from '#services/identity/service.ts'

/** Two processes on one database. */
let host: TestHost
let other: TestHost
before(async () => {
  host = await testHost({ services: [identityService], settings: { SIGNALS_URL: 'postgres:' } })
  const settings = { DATABASE_URL: host.databaseUrl, SIGNALS_URL: 'postgres:' }
  other = await testHost({ services: [identityService], settings })
})
after(async () => {
  await other[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

const block = (range: string, more: { reason?: string; expiresAt?: string } = {}) =>
  host.client(identity).blockRange({ range, reason: 'a test', ...more })

test('addresses and ranges are kept as they are meant', async () => {
  const ranges: Record<string, string> = {
    '203.0.113.9': '203.0.113.9',
    '203.0.113.9/32': '203.0.113.9',
    '198.51.100.77/24': '198.51.100.0/24',
    '2001:DB8::1': '2001:db8::1',
    '2001:db8:ffff::1/32': '2001:db8::/32',
  }
  for (const [given, kept] of Object.entries(ranges)) {
    const { id, range } = await block(given)
    assert.equal(range, kept)
    await host.client(identity).unblockRange({ id })
  }
  for (const wrong of ['', '203.0.113', '203.0.113.9/33', '2001:db8::/129', 'localhost', '::1/-1'])
    await assert.rejects(block(wrong), { code: 'invalid' }, wrong)
  for (const wide of ['0.0.0.0/0', '10.0.0.0/7', '::/0', '2001::/15'])
    await assert.rejects(block(wide), { code: 'rangeTooWide' }, wide)
})

test('the list is paged from the newest on, without what was taken off', async () => {
  const made = []
  for (let i = 0; i < 5; i++) made.unshift(await block(`192.0.2.${i}`))
  const [removed] = made.splice(2, 1)
  await host.client(identity).unblockRange({ id: removed!.id })
  await assert.rejects(host.client(identity).unblockRange({ id: removed!.id }), { code: 'notFound' })
  const first = await host.client(identity).listBlockedRanges({ limit: 3 })
  assert.deepEqual(first.items, made.slice(0, 3))
  const second = await host.client(identity).listBlockedRanges({ limit: 3, cursor: first.nextCursor! })
  assert.deepEqual(second, { items: made.slice(3), nextCursor: null })
  for (const { id } of made) await host.client(identity).unblockRange({ id })
})

test('followers of every process hold the list a moment after it changed', async () => {
  const open = (signal: AbortSignal) => other.client(identity).blocklist({}, { signal })
  await using replica = follow({ name: 'blocklist', open, log: silentLogger })
  await replica.heard(5_000)
  const isHeld = async (check: () => boolean) => {
    for (const giveUpAt = Date.now() + 900; !check(); await sleep(5)) assert.ok(Date.now() < giveUpAt)
  }
  const blocked = await block('198.51.100.0/24', { expiresAt: '2999-01-01T00:00:00.000Z' })
  await isHeld(() => replica.rows.has(blocked.id))
  assert.deepEqual(replica.rows.get(blocked.id), blocked)
  await host.client(identity).unblockRange({ id: blocked.id })
  await isHeld(() => !replica.rows.has(blocked.id))

  const many = await Promise.all(Array.from({ length: 30 }, (_, i) => block(`198.51.100.${i}`)))
  await isHeld(() => many.every(({ id }) => replica.rows.has(id)))
  await Promise.all(many.map(({ id }) => host.client(identity).unblockRange({ id })))
  await isHeld(() => replica.rows.size === 0)
})

test('a change is read since any place, and as a whole where that is not known', async () => {
  await using database = openDatabase({ url: host.databaseUrl })
  const db = database.forService('identity')
  const { epoch, revision } = await blockedRanges.read(db, undefined)
  const [kept, removed] = [await block('192.0.2.1'), await block('192.0.2.2')]
  await host.client(identity).unblockRange({ id: removed.id })
  const change = await blockedRanges.read(db, { epoch, revision })
  assert.deepEqual(change, {
    epoch,
    revision: revision + 3,
    isWhole: false,
    isComplete: true,
    put: [kept],
    removed: [removed.id],
  })
  const nothing = await blockedRanges.read(db, change)
  assert.deepEqual([nothing.isWhole, nothing.put, nothing.removed], [false, [], []])
  const elsewhere = await blockedRanges.read(db, { epoch: removed.id, revision })
  assert.deepEqual([elsewhere.isWhole, elsewhere.put, elsewhere.removed], [true, [kept], []])

  await sql`update blocked_ranges set removed_at = removed_at - interval '2 days'`.execute(db)
  await blockedRanges.forget(db, 1)
  assert.equal((await blockedRanges.read(db, { epoch, revision })).isWhole, true)
  assert.equal((await blockedRanges.read(db, change)).isWhole, false)
})

test('a range whose time is over is taken off', async () => {
  await using database = openDatabase({ url: host.databaseUrl })
  const db = database.forService('identity')
  const before = await blockedRanges.read(db, undefined)
  const over = await block('192.0.2.77', { expiresAt: new Date(Date.now() - 1000).toISOString() })
  await block('192.0.2.78', { expiresAt: '2999-01-01T00:00:00.000Z' })
  assert.equal(await db.transaction().execute(removeExpiredRanges), 1)
  assert.equal(await db.transaction().execute(removeExpiredRanges), 0)
  assert.deepEqual((await blockedRanges.read(db, before)).removed, [over.id])
})
