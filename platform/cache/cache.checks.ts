import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cache } from './cache.ts'

const minuteMs = 60_000

/** `open` gives a cache that the caller may fill, and disposes what it stands on with it. */
export function checkCache(adapter: string, open: () => Promise<Cache>): void {
  describe(`${adapter} cache`, () => {
    let cache: Cache
    before(async () => {
      cache = await open()
    })
    after(() => cache[Symbol.asyncDispose]())
    checkValues(() => cache)
    checkReads(() => cache)
    checkRaces(() => cache)
    checkCounters(() => cache)
  })
}

function checkValues(cache: () => Cache): void {
  const values = [
    0,
    -1.5,
    7,
    1_700_000_000_000,
    '',
    '7',
    'ডাকঘর',
    true,
    false,
    null,
    [],
    [1],
    {},
    { id: 'a', list: [1, { deep: null }], at: new Date(0), bytes: Buffer.from([0, 255]) },
  ]
  for (const value of values)
    test(`${JSON.stringify(value)} comes back as it was`, async () => {
      const key = randomUUID()
      await cache().set(key, value, minuteMs)
      assert.deepEqual(await cache().get(key), value)
    })

  test('what was never set, or set to undefined, is undefined', async () => {
    const key = randomUUID()
    assert.equal(await cache().get(key), undefined)
    await cache().set(key, 1, minuteMs)
    await cache().set(key, undefined, minuteMs)
    assert.equal(await cache().get(key), undefined)
  })

  test('a key of any text is its own', async () => {
    const keys = ['', ' ', 'products:all', 'a\r\nDEL b', '*', 'é', 'k'.repeat(5000)].map(
      (key) => key + randomUUID(),
    )
    for (const key of keys) await cache().set(key, key, minuteMs)
    for (const key of keys) assert.equal(await cache().get(key), key)
  })

  test('several keys are deleted at once, known or not', async () => {
    const keys = [randomUUID(), randomUUID(), randomUUID()]
    for (const key of keys) await cache().set(key, key, minuteMs)
    await cache().delete(keys[0] ?? '', keys[1] ?? '', randomUUID())
    await cache().delete()
    assert.deepEqual(await Promise.all(keys.map((key) => cache().get(key))), [undefined, undefined, keys[2]])
  })

  test('a value expires, and setting it again prolongs it', async () => {
    const [short, prolonged] = [randomUUID(), randomUUID()]
    await cache().set(short, 1, 60)
    await cache().set(prolonged, 1, 60)
    await cache().set(prolonged, 2, minuteMs)
    assert.equal(await cache().get(short), 1)
    await sleep(120)
    assert.equal(await cache().get(short), undefined)
    assert.equal(await cache().get(prolonged), 2)
  })

  test('changing a value that was given or got does not change the cache', async () => {
    const key = randomUUID()
    const value = { tags: ['a'], bytes: Buffer.from('abc') }
    await cache().set(key, value, minuteMs)
    value.tags.push('b')
    const got = (await cache().get(key)) as typeof value
    got.tags.push('c')
    got.bytes.fill(0)
    assert.deepEqual(await cache().get(key), { tags: ['a'], bytes: Buffer.from('abc') })
  })
}

function checkReads(cache: () => Cache): void {
  test('a value is loaded once and then kept', async () => {
    const key = randomUUID()
    const load = countedLoad(async () => ({ name: 'soap' }))
    for (let time = 0; time < 3; time++)
      assert.deepEqual(await cache().read(key, minuteMs, load), { name: 'soap' })
    assert.equal(load.count, 1)
    await cache().delete(key)
    await cache().read(key, minuteMs, load)
    assert.equal(load.count, 2)
  })

  test('a value that was set is not loaded', async () => {
    const key = randomUUID()
    await cache().set(key, 'set', minuteMs)
    assert.equal(await cache().read(key, minuteMs, () => Promise.reject(new Error('loaded'))), 'set')
  })

  test('a loaded value expires', async () => {
    const key = randomUUID()
    const load = countedLoad(async () => 1)
    await cache().read(key, 50, load)
    await sleep(100)
    await cache().read(key, 50, load)
    assert.equal(load.count, 2)
  })

  test('null is kept and undefined is not', async () => {
    for (const [value, loads] of [
      [null, 1],
      [undefined, 2],
    ] as const) {
      const key = randomUUID()
      const load = countedLoad(async () => value)
      assert.equal(await cache().read(key, minuteMs, load), value)
      assert.equal(await cache().read(key, minuteMs, load), value)
      assert.equal(load.count, loads)
    }
  })
}

function checkRaces(cache: () => Cache): void {
  test('1000 readers of one key at once share one load', async () => {
    for (let round = 0; round < 5; round++) {
      const key = randomUUID()
      const load = countedLoad(() => sleep(20, { round }))
      const readers = Array.from({ length: 1000 }, () => cache().read(key, minuteMs, load))
      for (const value of await Promise.all(readers)) assert.deepEqual(value, { round })
      assert.equal(load.count, 1)
    }
  })

  test('readers of different keys do not wait for each other', async () => {
    const never = cache().read(randomUUID(), minuteMs, () => sleep(300, 'slow'))
    assert.equal(await cache().read(randomUUID(), minuteMs, async () => 'quick'), 'quick')
    assert.equal(await never, 'slow')
  })

  test('a failed load fails all who share it and is not kept', async () => {
    const key = randomUUID()
    const load = countedLoad(async () => {
      await sleep(20)
      throw new Error('no database')
    })
    const readers = Array.from({ length: 20 }, () => cache().read(key, minuteMs, load))
    for (const reader of await Promise.allSettled(readers))
      assert.match(String(reader.status === 'rejected' && reader.reason), /no database/)
    assert.equal(load.count, 1)
    assert.equal(await cache().read(key, minuteMs, async () => 'recovered'), 'recovered')
  })

  for (const change of ['set', 'delete'] as const)
    test(`a load that a ${change} overtakes is not kept`, async () => {
      const key = randomUUID()
      const loading = Promise.withResolvers<void>()
      const old = cache().read(key, minuteMs, async () => {
        loading.resolve()
        return sleep(30, 'old')
      })
      await loading.promise
      await (change === 'set' ? cache().set(key, 'new', minuteMs) : cache().delete(key))
      assert.equal(await cache().read(key, minuteMs, async () => 'new'), 'new')
      assert.equal(await old, 'old')
      assert.equal(await cache().get(key), 'new')
    })
}

function checkCounters(cache: () => Cache): void {
  test('every increment gives its own count, also 100 at once', async () => {
    const key = randomUUID()
    assert.equal(await cache().increment(key, minuteMs), 1)
    const counts = await Promise.all(Array.from({ length: 100 }, () => cache().increment(key, minuteMs)))
    assert.deepEqual(
      counts.toSorted((a, b) => a - b),
      Array.from({ length: 100 }, (_, index) => index + 2),
    )
    assert.equal(await cache().get(key), 101)
    await cache().delete(key)
    assert.equal(await cache().increment(key, minuteMs), 1)
  })

  test('the first increment alone sets the lifetime', async () => {
    const key = randomUUID()
    await cache().increment(key, 150)
    await sleep(100)
    assert.equal(await cache().increment(key, minuteMs), 2)
    await sleep(100)
    assert.equal(await cache().increment(key, minuteMs), 1)
  })
}

function countedLoad<T>(load: () => Promise<T>): (() => Promise<T>) & { count: number } {
  const counted = Object.assign(
    () => {
      counted.count++
      return load()
    },
    { count: 0 },
  )
  return counted
}
