import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino, type Logger } from 'pino'
import { createClient } from 'redis'
import { silentLogger } from '#platform/log.ts'
import { startRedis } from '#platform/testing/redis.ts'
import { checkCache } from './cache.checks.ts'
import { openCache } from './open.ts'

const minuteMs = 60_000
const quiet = { log: silentLogger }

checkCache('Redis', async () => {
  const redis = await startRedis()
  const cache = await openCache(redis.url, quiet)
  return {
    ...cache,
    async [Symbol.asyncDispose]() {
      await cache[Symbol.asyncDispose]()
      await redis.stop()
    },
  }
})

// While Redis is down the stand-in has to behave as well.
checkCache('stand-in', () => openCache('redis://127.0.0.1:1', quiet))

test('processes share what is cached, under a prefix and with a lifetime', async () => {
  await using redis = await startRedis()
  await using one = await openCache(redis.url, quiet)
  await using other = await openCache(redis.url, quiet)
  await using client = await connect(redis.url)
  await one.set('user:1', { name: 'Amina' }, minuteMs)
  assert.deepEqual(await other.get('user:1'), { name: 'Amina' })
  await other.read('user:2', minuteMs, async () => 'loaded')
  await one.increment('visits', minuteMs)
  assert.equal(await other.increment('visits', minuteMs), 2)
  const keys = (await client.keys('*')).sort()
  assert.deepEqual(keys, ['dakghar:user:1', 'dakghar:user:2', 'dakghar:visits'])
  for (const key of keys) assert.ok((await client.pTTL(key)) > 0.9 * minuteMs - 5000, key)
})

test('bytes that something else wrote are a miss', async () => {
  await using redis = await startRedis()
  await using cache = await openCache(redis.url, quiet)
  await using client = await connect(redis.url)
  const foreign = ['', 'text', '{"json":1}', '-1', Buffer.of(0x91), Buffer.of(0x91, 0xa5, 0x61)]
  for (const bytes of foreign) {
    await client.set('dakghar:key', bytes)
    assert.equal(await cache.read('key', minuteMs, async () => 'loaded'), 'loaded', String(bytes))
    await cache.delete('key')
  }
})

test('while Redis is dead everything goes on quickly in memory, and one line says so', async () => {
  await using redis = await startRedis()
  const { lines, log } = recorder()
  await using cache = await openCache(redis.url, { log })
  await cache.set('before', 1, minuteMs)
  await redis.kill()
  const startedAt = performance.now()
  for (let round = 1; round <= 20; round++) {
    assert.equal(await cache.get('before'), undefined)
    await cache.set('key', round, minuteMs)
    assert.equal(await cache.get('key'), round)
    assert.equal(await cache.increment('count', minuteMs), round)
    assert.equal(await cache.read(`read${round}`, minuteMs, async () => round), round)
    await cache.delete(`read${round}`)
  }
  assert.ok(performance.now() - startedAt < 500)
  assert.deepEqual(lines, ['Redis is down, caching in memory'])

  await sleep(1500)
  await redis.restart()
  await untilBack(lines)
  assert.equal(await cache.get('key'), undefined)
  await cache.set('after', 1, minuteMs)
  await using other = await openCache(redis.url, quiet)
  assert.equal(await other.get('after'), 1)
  assert.deepEqual(lines, ['Redis is down, caching in memory', 'Redis is back'])
})

test('a Redis that hangs costs one wait of 100 ms, not one per call', async () => {
  await using redis = await startRedis()
  await using cache = await openCache(redis.url, quiet)
  await using client = await connect(redis.url)
  await client.sendCommand(['CLIENT', 'PAUSE', '1200', 'ALL'])
  const startedAt = performance.now()
  for (let round = 1; round <= 100; round++) assert.equal(await cache.increment('count', minuteMs), round)
  const tookMs = performance.now() - startedAt
  assert.ok(tookMs > 90 && tookMs < 500, `${tookMs} ms`)
})

for (const others of [0, 10_001])
  test(`what changed while Redis hung is not there afterwards, with ${others} other changes`, async () => {
    await using redis = await startRedis()
    const { lines, log } = recorder()
    await using cache = await openCache(redis.url, { log })
    await using client = await connect(redis.url)
    for (const key of ['deleted', 'set', 'untouched']) await cache.set(key, 'old', minuteMs)
    await client.sendCommand(['CLIENT', 'PAUSE', '1200', 'ALL'])
    await cache.get('untouched')
    assert.deepEqual(lines, ['Redis is down, caching in memory'])
    for (let index = 0; index < others; index++) await cache.delete(randomUUID())
    await cache.delete('deleted')
    await cache.set('set', 'new', minuteMs)
    assert.equal(await cache.get('set'), 'new')
    await untilBack(lines)
    assert.equal(await cache.get('deleted'), undefined)
    assert.equal(await cache.get('set'), undefined)
    assert.equal(await cache.get('untouched'), others === 0 ? 'old' : undefined)
  })

test('a cache opened while Redis is dead uses it when it comes', async () => {
  await using redis = await startRedis()
  await redis.kill()
  const { lines, log } = recorder()
  await using cache = await openCache(redis.url, { log })
  await cache.set('key', 1, minuteMs)
  assert.equal(await cache.get('key'), 1)
  await redis.restart()
  await untilBack(lines)
  await cache.set('key', 2, minuteMs)
  await using client = await connect(redis.url)
  assert.equal(await client.exists('dakghar:key'), 1)
})

test('a stall of this process is not taken for one of Redis', async () => {
  await using redis = await startRedis()
  const { lines, log } = recorder()
  await using cache = await openCache(redis.url, { log })
  for (let round = 0; round < 5; round++) {
    const set = cache.set('key', round, minuteMs)
    await new Promise(setImmediate) // The client writes in one, too.
    const stalledUntil = Date.now() + 200
    while (Date.now() < stalledUntil);
    await set
  }
  assert.deepEqual(lines, [])
})

/** Messages of the lines logged. */
function recorder(): { lines: string[]; log: Logger } {
  const lines: string[] = []
  const write = (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg)
  return { lines, log: pino({}, { write }) }
}

async function untilBack(lines: string[]): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (lines.includes('Redis is back')) return
    await sleep(50)
  }
  assert.fail('Redis was not used again')
}

async function connect(url: string) {
  const client = createClient({ url })
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() })
}
