import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { Client } from 'pg'
import { testDatabase, testSchema } from './testing.ts'

const schema = testSchema('shop', `create table products (name text); insert into products values ('tea')`)

async function count(db: Awaited<ReturnType<typeof testDatabase>>): Promise<unknown> {
  return (await sql`select count(*) as n from products`.execute(db.forService('shop'))).rows
}

test('each test has its own copy of the migrated state', async () => {
  const databases = await Promise.all(Array.from({ length: 5 }, () => testDatabase([schema])))
  for (const db of databases) {
    assert.deepEqual(await count(db), [{ n: 1 }])
    await sql`insert into products values ('milk')`.execute(db.forService('shop'))
  }
  for (const db of databases) await db[Symbol.asyncDispose]()
  await using later = await testDatabase([schema])
  assert.deepEqual(await count(later), [{ n: 1 }])
})

test('a changed script gives another state', async () => {
  await using db = await testDatabase([testSchema('shop', 'create table products ()')])
  assert.deepEqual(await count(db), [{ n: 0 }])
})

test('the database is gone after the test', async () => {
  const db = await testDatabase([schema])
  await count(db)
  await db[Symbol.asyncDispose]()
  await assert.rejects(new Client(db.url).connect(), /does not exist/)
})

test('a connection that was not released fails the test', async () => {
  const db = await testDatabase([schema])
  const acquired = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const held = db
    .forService('shop')
    .connection()
    .execute(() => {
      acquired.resolve()
      return released.promise
    })
  await acquired.promise
  await assert.rejects(async () => db[Symbol.asyncDispose](), /a connection was not released to the pool/)
  released.resolve()
  await held
})

test('a connection left open fails the test and is named', async () => {
  const db = await testDatabase([schema])
  const left = new Client({ connectionString: db.url, application_name: 'forgotten' })
  left.on('error', () => {})
  await left.connect()
  await left.query('select 42')
  await assert.rejects(async () => db[Symbol.asyncDispose](), /left open \(forgotten\): select 42/)
  await assert.rejects(left.query('select 1'))
})
