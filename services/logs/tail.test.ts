import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { v7 } from 'uuid'
import type { InputOf, OutputOf } from '#contracts/client.ts'
import { logs } from '#contracts/logs.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import logsService from './service.ts'

/** Two processes on one database. */
let host: TestHost
let other: TestHost
before(async () => {
  host = await testHost({
    services: [logsService],
    roles: ['logs/api'],
    settings: { SIGNALS_URL: 'postgres:' },
  })
  const settings = { DATABASE_URL: host.databaseUrl, SIGNALS_URL: 'postgres:' }
  other = await testHost({ services: [logsService], roles: ['logs/api'], settings })
})
after(async () => {
  await other[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

type Shown = OutputOf<typeof logs.streams.tail>

/** Follows the tail of the first process until stopped. */
async function follow(filter: InputOf<typeof logs.streams.tail>) {
  const controller = new AbortController()
  const shown: Shown[] = []
  const following = (async () => {
    for await (const line of host.client(logs).tail(filter, { signal: controller.signal })) shown.push(line)
  })().catch((error) => {
    if (!controller.signal.aborted) throw error
  })
  await sleep(100)
  return {
    shown,
    async shows(count: number, timeoutMs = 5000) {
      for (const giveUpAt = Date.now() + timeoutMs; shown.length < count && Date.now() < giveUpAt;)
        await sleep(10)
      assert.equal(shown.length, count)
    },
    async [Symbol.asyncDispose]() {
      controller.abort()
      await following
    },
  }
}

const writeTo = (to: TestHost, name: string, texts: string[], time?: string) =>
  to
    .client(logs)
    .writeLines({ lines: texts.map((data) => ({ name, data, id: v7(), ...(time && { time }) })) })

test('a tail shows what another process stores, late lines too, within a second and in order', async () => {
  await using tail = await follow({ name: 'tailed' })
  const startedAt = performance.now()
  await writeTo(other, 'tailed', ['a', 'b'])
  await tail.shows(2)
  assert.ok(performance.now() - startedAt < 900, 'woken by the signal, not by polling')
  await writeTo(other, 'unseen', ['x'])
  await writeTo(host, 'tailed', ['late'], new Date(Date.now() - 86_400_000 * 3).toISOString())
  await tail.shows(3)
  assert.deepEqual(
    tail.shown.map(({ data }) => data),
    ['a', 'b', 'late'],
  )
})

test('a tail resumed at any line shows the rest, each once', async () => {
  await using first = await follow({ name: 'resumed' })
  for (let i = 0; i < 5; i++) await writeTo(i % 2 ? host : other, 'resumed', [`${i}a`, `${i}b`])
  await first.shows(10)
  for (const [i, { position }] of first.shown.entries()) {
    await using second = await follow({ name: 'resumed', after: position })
    await second.shows(9 - i)
    assert.deepEqual(second.shown, first.shown.slice(i + 1))
  }
  await assert.rejects(host.client(logs).tail({ after: 'nonsense' })[Symbol.asyncIterator]().next(), {
    code: 'invalid',
  })
})

test('transactions that commit in another order than they began hide nothing', async () => {
  await using database = openDatabase({ url: host.databaseUrl })
  const db = database.forService('logs')
  await writeTo(host, 'warm-up', ['makes the partition'])
  await using tail = await follow({ name: 'raced' })
  const store = (text: string) =>
    sql`insert into lines (time, id, level, name, data) values (now(), ${v7()}, 'INFO', 'raced', ${text})`
  const slow = await db.startTransaction().execute()
  await store('slow').execute(slow)
  await writeTo(other, 'raced', ['fast'])
  await sleep(300)
  await store('slow too').execute(slow)
  await slow.commit().execute()
  await tail.shows(3)
  assert.deepEqual(
    tail.shown.map(({ data }) => data),
    ['slow', 'slow too', 'fast'],
  )
})

test('many writers at once are all shown once', async () => {
  await using tail = await follow({ name: 'crowd' })
  const texts = Array.from({ length: 400 }, (_, i) => String(i))
  await Promise.all(texts.map((text, i) => writeTo(i % 2 ? host : other, 'crowd', [text])))
  await tail.shows(400)
  assert.deepEqual(tail.shown.map(({ data }) => data).toSorted(), texts.toSorted())
})

test('lines are shown without any signal', async () => {
  await using database = openDatabase({ url: host.databaseUrl })
  await using tail = await follow({ name: 'silent', level: ['ERROR'] })
  await sql`insert into lines (time, id, level, name, data)
    select now(), gen_random_uuid(), level, 'silent', level from unnest(array['INFO', 'ERROR']) as level`.execute(
    database.forService('logs'),
  )
  await tail.shows(1)
})

test('a tail that nobody reads any more ends', async () => {
  const controller = new AbortController()
  const items = host.client(logs).tail({}, { signal: controller.signal })[Symbol.asyncIterator]()
  const next = items.next()
  await sleep(50)
  controller.abort()
  await Promise.race([next.catch(() => undefined), sleep(900).then(() => assert.fail('still waiting'))])
})
