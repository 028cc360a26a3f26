import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from 'redis'
import { startRedis } from '#platform/testing/redis.ts'
import { openSignals } from './open.ts'
import { checkSignals, record, recorder, until } from './signals.checks.ts'

checkSignals('Redis', async () => {
  const redis = await startRedis()
  return {
    open: (options) => openSignals(redis.url, options),
    [Symbol.asyncDispose]: () => redis.stop(),
  }
})

test('listeners are told of the gap when connections are killed, and hear again', async () => {
  await using redis = await startRedis()
  const { lines, log } = recorder()
  await using here = await openSignals(redis.url, { log })
  await using there = await openSignals(redis.url, { log })
  await using client = await connect(redis.url)
  const heard = record(there, 'topic')
  let gaps = 0
  there.onGap(() => void gaps++)
  const stopUnused = there.onGap(() => assert.fail('stopped'))
  stopUnused()
  for (let round = 1; round <= 5; round++) {
    lines.length = 0
    await client.sendCommand(['CLIENT', 'KILL', 'SKIPME', 'yes', 'TYPE', 'pubsub'])
    await until(() => gaps >= round && lines.length >= 4)
    here.send('topic', `${round}`)
    await heard.until(round)
    assert.equal(gaps, round)
    const [down, back] = [
      'Redis is down, signals stay in this process',
      'Redis is back, signals reach other processes',
    ]
    assert.deepEqual(lines.toSorted(), [back, back, down, down])
  }
})

test('while Redis is dead signals stay in the process; after it is back they reach others', async () => {
  await using redis = await startRedis()
  const { log } = recorder()
  await using here = await openSignals(redis.url, { log })
  await using there = await openSignals(redis.url, { log })
  const heard = [record(here, 'topic'), record(there, 'topic')]
  let gaps = 0
  for (const signals of [here, there]) signals.onGap(() => void gaps++)
  await redis.kill()
  here.send('topic', 'while dead')
  await heard[0]?.until(1)
  await redis.restart()
  await until(() => gaps === 2)
  here.send('topic', 'back')
  await heard[1]?.until(1)
  assert.deepEqual(heard[1]?.payloads, ['back'])
})

test('signals opened while Redis is dead tell of a gap when it comes', async () => {
  await using redis = await startRedis()
  await redis.kill()
  const { log } = recorder()
  await using here = await openSignals(redis.url, { log })
  let gaps = 0
  here.onGap(() => void gaps++)
  await redis.restart()
  await until(() => gaps === 1)
  await using there = await openSignals(redis.url, { log })
  const heard = record(here, 'topic')
  there.send('topic', 'hello')
  await heard.until(1)
})

test('messages of others on the channel are ignored', async () => {
  await using redis = await startRedis()
  const { lines, log } = recorder()
  await using signals = await openSignals(redis.url, { log })
  await using client = await connect(redis.url)
  const heard = record(signals, 'topic')
  const foreign = [
    '',
    'text',
    '{}',
    'null',
    '{"sender":"a","signals":[["topic"]]}',
    '{"sender":1,"signals":[]}',
  ]
  for (const message of foreign) await client.publish('dakghar:signals', message)
  await client.publish('dakghar:signals', '{"sender":"other","signals":[["topic","ours"]]}')
  await heard.until(1)
  assert.deepEqual(heard.payloads, ['ours'])
  assert.deepEqual(lines, [])
})

async function connect(url: string) {
  const client = createClient({ url })
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() })
}
