import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { silentLogger } from '#platform/log.ts'
import { metrics } from '#platform/metrics.ts'
import { startRedis } from '#platform/testing/redis.ts'
import type { KeyedLimit, Limits } from './limits.ts'
import { checkLimits, newLimit } from './limits.checks.ts'
import { openLimits } from './open.ts'

const quiet = { log: silentLogger }

checkLimits('Redis', async () => {
  const redis = await startRedis()
  const limits = await openLimits(redis.url, quiet)
  return {
    ...limits,
    async [Symbol.asyncDispose]() {
      await limits[Symbol.asyncDispose]()
      await redis.stop()
    },
  }
})

// While Redis is away the processes' own counts have to behave as well.
checkLimits('stand-in', () => openLimits('redis://127.0.0.1:1', quiet))

test('processes count together, exactly, however they take turns', async () => {
  await using redis = await startRedis()
  let stalls = 0
  const log = Object.assign(Object.create(silentLogger) as typeof silentLogger, { warn: () => void stalls++ })
  await using one = await openLimits(redis.url, { log })
  await using other = await openLimits(redis.url, { log })
  for (let round = 0; round < 20; round++) {
    const stallsBefore = stalls
    const uses = await allowed([one, other, other], newLimit(100), 150)
    // On a machine too busy to let Redis answer in time they count for themselves.
    if (stalls === stallsBefore) assert.equal(uses, 100)
  }
  assert.ok(stalls < 10, `Redis was late ${stalls} times`)
})

test('a key goes when its window has passed', async () => {
  await using redis = await startRedis()
  await using limits = await openLimits(redis.url, quiet)
  await using client = await connect(redis.url)
  await limits.take([{ key: 'rate_limit:203.0.113.9', uses: 100, windowMs: 900_000 }])
  const left = await client.pTTL('dakghar:rate_limit:203.0.113.9')
  assert.ok(left > 890_000 && left <= 900_000, String(left))
})

test('Redis dies: nobody is refused for it or allowed twice here; Redis comes back: counted together', async () => {
  await using redis = await startRedis()
  await using one = await openLimits(redis.url, quiet)
  await using other = await openLimits(redis.url, quiet)
  const limit = newLimit(10)
  assert.equal(await allowed([one], limit, 4), 4)
  assert.match(await metrics.metrics(), /dakghar_limits_shared 1/)

  await redis.kill()
  assert.equal(await allowed([one], limit, 20), 6)
  assert.equal(await allowed([other], limit, 20), 10)
  assert.match(await metrics.metrics(), /dakghar_limits_shared 0/)

  await redis.restart()
  const shared = newLimit(10_000)
  const isShared = async () => {
    await Promise.all([one.take([shared]), other.take([shared])])
    return /dakghar_limits_shared 1/.test(await metrics.metrics())
  }
  while (!(await isShared())) await sleep(50)
  await sleep(600)
  await Promise.all([one.take([shared]), other.take([shared])])
  assert.equal(await allowed([one, other], newLimit(10), 40), 10)
})

test('a Redis that hangs holds up one request for a moment, not all', { timeout: 20_000 }, async () => {
  await using redis = await startRedis()
  await using limits = await openLimits(redis.url, quiet)
  await using client = await connect(redis.url)
  await client.sendCommand(['CLIENT', 'PAUSE', '1500', 'ALL'])
  const limit = newLimit(1_000)
  const startedAt = performance.now()
  let slow = 0
  for (let i = 0; i < 50; i++) {
    const askedAt = performance.now()
    assert.equal((await limits.take([limit])).isAllowed, true)
    if (performance.now() - askedAt > 50) slow++
  }
  assert.ok(performance.now() - startedAt < 1_000)
  assert.ok(slow <= 2, `${slow} were slow`)
})

test('whoever goes on after a refusal does not reach Redis', async () => {
  await using redis = await startRedis()
  await using limits = await openLimits(redis.url, quiet)
  await using client = await connect(redis.url)
  const limit = newLimit(1)
  await allowed([limits], limit, 2)
  await client.configResetStat()
  assert.equal(await allowed([limits], limit, 100), 0)
  assert.doesNotMatch(await client.info('commandstats'), /evalsha/)
})

async function connect(url: string) {
  const client = await createClient({ url }).connect()
  return Object.assign(client, { [Symbol.asyncDispose]: async () => client.destroy() })
}

/** How many of so many uses are allowed, asked of each in turn. */
async function allowed(askers: Limits[], limit: KeyedLimit, uses: number): Promise<number> {
  const asked = Array.from({ length: uses }, (_, i) => askers[i % askers.length]!.take([limit]))
  const verdicts = await Promise.all(asked)
  return verdicts.filter(({ isAllowed }) => isAllowed).length
}
