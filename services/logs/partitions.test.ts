import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { logs } from '#contracts/logs.ts'
import type { Database, DatabaseServer } from '#platform/database/database.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import logsService from './service.ts'
import { addPartitions, dayMs, dayOf, dropPartitionsBefore, partitionDays } from './store/partitions.ts'

let host: TestHost
let database: DatabaseServer
let db: Database
before(async () => {
  host = await testHost({
    services: [logsService],
    roles: ['logs/api'],
    settings: { LOG_RETENTION_DAYS: '30' },
  })
  database = openDatabase({ url: host.databaseUrl })
  db = database.forService('logs')
})
after(async () => {
  await database[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

const day = (daysAgo: number) => dayOf(Date.now() - daysAgo * dayMs)
const write = (daysAgo: number, data: string) =>
  host.client(logs).writeLog({ name: 'n', data, time: new Date(Date.now() - daysAgo * dayMs).toISOString() })

test('partitions of the next days are made at the start', async () => {
  for (let i = 0; i < 100 && (await partitionDays(db, 'spans')).length < 3; i++) await sleep(20)
  for (const table of ['lines', 'spans'] as const)
    assert.deepEqual(await partitionDays(db, table), [day(0), day(-1), day(-2)])
})

test('many writers of a day without partition make it together', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, i) => write(5 + (i % 4), `late ${i}`)))
  const days = await partitionDays(db, 'lines')
  for (const daysAgo of [5, 6, 7, 8]) assert.ok(days.includes(day(daysAgo)))
  assert.equal((await host.client(logs).listLogs({ text: 'late' })).items.length, 20)
})

test('a partition serves the searches with all indexes of its table', async () => {
  const { rows } = await sql<{ table: string; indexes: number; valid: boolean }>`
    select relname as table, count(*) as indexes, bool_and(indisvalid) as valid
    from pg_index join pg_class on pg_class.oid = indrelid
    where indrelid in ('lines'::regclass, ${`lines_${day(0).replaceAll('-', '')}`}::regclass)
    group by relname order by relname`.execute(db)
  assert.equal(rows[0]?.indexes, rows[1]?.indexes)
  assert.ok(rows.every(({ valid }) => valid))
})

test('a day past retention is dropped whole, the others stay', async () => {
  await write(20, 'kept')
  await write(29, 'old')
  assert.deepEqual(await dropPartitionsBefore(db, 'lines', day(28)), [day(29)])
  const { items } = await host
    .client(logs)
    .listLogs({ from: new Date(Date.now() - 40 * dayMs).toISOString() })
  assert.ok(items.some(({ data }) => data === 'kept'))
  assert.ok(!items.some(({ data }) => data === 'old'))
})

test('a reader of the table makes dropping fail, and writing goes on', async () => {
  await db.transaction().execute((tx) => addPartitions(tx, 'lines', [day(27)]))
  await db.transaction().execute(async (tx) => {
    await sql`select count(*) from lines`.execute(tx)
    await assert.rejects(dropPartitionsBefore(db, 'lines', day(26)), /lock timeout/)
  })
  await write(0, 'after')
  assert.deepEqual(await dropPartitionsBefore(db, 'lines', day(26)), [day(27)])
})
