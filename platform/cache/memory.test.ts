import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '#platform/log.ts'
import { checkCache } from './cache.checks.ts'
import { openMemoryCache } from './memory.ts'
import { openCache } from './open.ts'

const minuteMs = 60_000

checkCache('memory', () => openCache('memory:', { log: silentLogger }))

test('the least recently used entries go when there are too many', async () => {
  await using cache = openMemoryCache({ maxEntries: 3 })
  for (const key of ['a', 'b', 'c']) await cache.set(key, key, minuteMs)
  await cache.get('a')
  await cache.increment('d', minuteMs)
  await cache.set('c', 'c again', minuteMs)
  await cache.set('e', 'e', minuteMs)
  const found = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((key) => cache.get(key)))
  assert.deepEqual(found, [undefined, undefined, 'c again', 1, 'e'])
})

test('the bytes kept stay below the bound', async () => {
  const value = 'x'.repeat(1000)
  await using cache = openMemoryCache({ maxBytes: 100_000 })
  for (let index = 0; index < 1000; index++) await cache.set(`${index}`, value, minuteMs)
  let kept = 0
  for (let index = 0; index < 1000; index++) if (await cache.get(`${index}`)) kept++
  assert.ok(kept > 50 && kept < 100, `${kept} of 1000`)
})

test('replacing and deleting give back their bytes', async () => {
  const value = 'x'.repeat(1000)
  await using cache = openMemoryCache({ maxBytes: 10_000 })
  await cache.set('stays', 1, minuteMs)
  for (let index = 0; index < 100; index++) {
    await cache.set('replaced', value, minuteMs)
    await cache.set(`${index}`, value, minuteMs)
    await cache.delete(`${index}`)
  }
  assert.equal(await cache.get('stays'), 1)
})

test('a value larger than the bound is not kept', async () => {
  await using cache = openMemoryCache({ maxBytes: 10_000 })
  await cache.set('large', 'x'.repeat(20_000), minuteMs)
  assert.equal(await cache.get('large'), undefined)
})

for (const url of ['', 'memory', 'redis', 'redis:', 'http://127.0.0.1'])
  test(`${JSON.stringify(url)} is no cache`, async () => {
    await assert.rejects(openCache(url, { log: silentLogger }), /a cache needs a url/)
  })
