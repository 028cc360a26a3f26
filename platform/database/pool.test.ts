import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { freePort } from '#platform/testing/server-process.ts'
import type { Database } from './database.ts'
import { startEmbeddedPostgres } from './embedded.ts'
import { connectWithRetry, databaseFailure, openDatabase } from './pool.ts'
import { testDatabase, testSchema } from './testing.ts'

const schemas = ['a', 'b', 'c'].map((name) =>
  testSchema(name, `create table whose as select '${name}' as service`, 'create table counts (n int)'),
)

async function rowOf<Row>(db: Database, query: string): Promise<Row> {
  return (await sql.raw<Row>(query).execute(db)).rows[0]!
}

const identityQuery = `select current_user as role, current_setting('search_path') as path, service from whose`

test('services that share a pool never see the schema or role of another', async () => {
  await using db = await testDatabase(schemas, { poolSize: 4 })
  const failures = new Set<string>()
  await Promise.all(
    Array.from({ length: 1000 }, async (_, index) => {
      const service = 'abc'.charAt((index * 7) % 3)
      const handle = db.forService(service)
      const expected = { role: `dakghar_${service}`, path: `${service}, public`, service }
      if (index % 5 === 0)
        await handle
          .transaction()
          .execute(async (tx) => {
            assert.deepEqual(await rowOf(tx, identityQuery), expected)
            await sql`set local search_path to public`.execute(tx)
            await sql.raw(`select * from ${service === 'a' ? 'b' : 'a'}.whose`).execute(tx)
          })
          .catch((error: Error) => failures.add(error.message))
      else assert.deepEqual(await rowOf(handle, identityQuery), expected)
    }),
  )
  assert.deepEqual([...failures].sort(), ['permission denied for schema a', 'permission denied for schema b'])
  assert.ok(db.poolState().total <= 4)
})

test('a connection given back inside a transaction is closed', async () => {
  await using db = await testDatabase(schemas, { poolSize: 1 })
  const a = db.forService('a')
  for (const leftBehind of ['select 1', 'select * from b.whose'] as const) {
    const pid = 'select pg_backend_pid() as pid'
    const before = await a.connection().execute(async (connection) => {
      const found = await rowOf(connection, pid)
      await sql`begin; set search_path to public; insert into a.counts values (1)`.execute(connection)
      await sql
        .raw(leftBehind)
        .execute(connection)
        .catch(() => {})
      return found
    })
    assert.notDeepEqual(await rowOf(a, pid), before)
    assert.deepEqual(await rowOf(a, 'select count(*) as n from counts'), { n: 0 })
  }
})

test('without roles all services run as the connecting user, each in its schema', async () => {
  await using db = await testDatabase(schemas, { serviceRoles: false })
  const user = new URL(db.url).username
  assert.deepEqual(await rowOf(db.forService('b'), identityQuery), {
    role: user,
    path: 'b, public',
    service: 'b',
  })
})

test('values come as the types that their column means', async () => {
  await using db = await testDatabase(schemas)
  const a = db.forService('a')
  assert.deepEqual(
    await rowOf(
      a,
      `select 9007199254740991 as big, array[1, null, -2]::bigint[] as bigs, '{"x": [1]}'::jsonb as json,
        '2026-01-31T12:00:00.5+02'::timestamptz as at, '2026-01-31'::date as day, array['2026-01-31']::date[] as days,
        1.10::numeric as amount, '\\x00ff'::bytea as bytes, null::bigint as nothing`,
    ),
    {
      big: Number.MAX_SAFE_INTEGER,
      bigs: [1, null, -2],
      json: { x: [1] },
      at: new Date('2026-01-31T10:00:00.500Z'),
      day: '2026-01-31',
      days: ['2026-01-31'],
      amount: '1.10',
      bytes: Buffer.from([0, 255]),
      nothing: null,
    },
  )
  await assert.rejects(
    rowOf(a, 'select 9007199254740993 as big'),
    /9007199254740993 is beyond the safe integers/,
  )
  assert.deepEqual(await rowOf(a, 'select 1 as one'), { one: 1 })
})

test('a statement past its time fails as unavailable and its connection goes on', async () => {
  await using db = await testDatabase(schemas, { poolSize: 1, statementTimeoutMs: 100 })
  const error = await rowOf(db.forService('a'), 'select pg_sleep(10)').catch(databaseFailure)
  assert.deepEqual(
    { code: (error as Error & { code: string }).code, message: (error as Error).message },
    { code: 'unavailable', message: 'The database took too long.' },
  )
  assert.deepEqual(await rowOf(db.forService('a'), 'select service from whose'), { service: 'a' })
})

test('a caller who waits too long for a connection gets unavailable', async () => {
  await using db = await testDatabase(schemas, { poolSize: 1, connectionTimeoutMs: 200 })
  const a = db.forService('a')
  await a.connection().execute(async () => {
    const waiting = rowOf(a, 'select 1').catch(databaseFailure)
    await sleep(10)
    assert.deepEqual(db.poolState(), { total: 1, idle: 0, waiting: 1, max: 1 })
    assert.equal(((await waiting) as Error & { status: number }).status, 503)
  })
  assert.deepEqual(db.poolState(), { total: 1, idle: 1, waiting: 0, max: 1 })
})

test('a connection past its lifetime is replaced', async () => {
  await using db = await testDatabase(schemas, { poolSize: 1, maxLifetimeSeconds: 1 })
  const pid = 'select pg_backend_pid() as pid'
  const before = await rowOf(db.forService('a'), pid)
  await sleep(1200)
  assert.notDeepEqual(await rowOf(db.forService('a'), pid), before)
})

test('when Postgres is killed callers get unavailable, and the pool recovers when it is back', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'dakghar-crash-'))
  const server = await startEmbeddedPostgres({ directory })
  try {
    await using db = openDatabase({ url: server.url, poolSize: 4 })
    await db.migrate(schemas)
    const a = db.forService('a')
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 4 }, () => rowOf(a, 'select pg_sleep(0.05)')))
      const pidFile = readFileSync(join(directory, 'cluster', 'postmaster.pid'), 'utf8')
      const failed = await a
        .transaction()
        .execute(async (tx) => {
          await sql`insert into counts values (0)`.execute(tx)
          process.kill(Number(pidFile.split('\n')[0]), 'SIGKILL')
          await sleep(200)
          await sql`insert into counts values (0)`.execute(tx)
        })
        .catch(databaseFailure)
      assert.equal((failed as (Error & { code: string }) | undefined)?.code, 'unavailable')
      await recovered(a)
      await sql`insert into counts values (1)`.execute(a)
      assert.deepEqual(await rowOf(a, 'select sum(n)::int as sum, count(*) as n from counts'), {
        sum: round + 1,
        n: round + 1,
      })
    }
  } finally {
    await server.stop()
    rmSync(directory, { recursive: true })
  }
})

/** Every failure until the first answer is an expected one. */
async function recovered(db: Database): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await rowOf(db, 'select 1')
      return
    } catch (error) {
      assert.ok(databaseFailure(error), `not a database failure: ${String(error)}`)
      assert.ok(tries < 100, 'Postgres did not come back')
      await sleep(100)
    }
  }
}

test('a server that is away is reported once in one line without the password', async () => {
  const port = await freePort()
  await using db = openDatabase({ url: `postgres://shop:secret@127.0.0.1:${port}/shop?sslmode=disable` })
  const startedAt = Date.now()
  await assert.rejects(connectWithRetry(db, { tries: 3, delayMs: 50 }), {
    message: `Postgres at postgres://shop@127.0.0.1:${port}/shop does not answer: connect ECONNREFUSED 127.0.0.1:${port} (3 tries)`,
  })
  assert.ok(Date.now() - startedAt >= 100)
  assert.equal((await db.ping().catch(databaseFailure))?.code, 'unavailable')
})

test('a server that accepts and says nothing is unavailable', async () => {
  const mute = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  try {
    await once(mute, 'listening')
    const { port } = mute.address() as AddressInfo
    await using db = openDatabase({ url: `postgres://127.0.0.1:${port}/shop`, connectionTimeoutMs: 200 })
    assert.equal((await db.ping().catch(databaseFailure))?.code, 'unavailable')
  } finally {
    mute.close()
  }
})

test('a connection on which the network falls silent is given up and replaced', async () => {
  await using db = await testDatabase(schemas)
  const sockets: Socket[] = []
  const proxy = createServer((near) => {
    const far = connect(Number(new URL(db.url).port), '127.0.0.1')
    near
      .on('error', () => {})
      .pipe(far)
      .on('error', () => {})
      .pipe(near)
    sockets.push(near, far)
  }).listen(0, '127.0.0.1')
  try {
    await once(proxy, 'listening')
    const url = new URL(db.url)
    url.port = String((proxy.address() as AddressInfo).port)
    await using far = openDatabase({ url: url.href, poolSize: 1, statementTimeoutMs: 200 })
    const a = far.forService('a')
    assert.deepEqual(await rowOf(a, 'select service from whose'), { service: 'a' })
    for (const socket of sockets) socket.unpipe().pause()
    const failure = await rowOf(a, 'select 1').catch(databaseFailure)
    assert.equal((failure as (Error & { code: string }) | undefined)?.code, 'unavailable')
    assert.deepEqual(await rowOf(a, 'select service from whose'), { service: 'a' })
  } finally {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  }
})

test('too many connections are unavailable, mistakes in SQL are not', async () => {
  await using db = await testDatabase(schemas)
  const user = `limited_${process.pid}`
  await rowOf(db.forService('a'), 'select 1')
  await using admin = openDatabase({ url: db.url, poolSize: 1, serviceRoles: false })
  await sql.raw(`create role ${user} login password 'x' connection limit 0`).execute(admin.forService('a'))
  const url = new URL(db.url)
  url.username = user
  url.password = 'x'
  await using limited = openDatabase({ url: url.href })
  const failure = await limited.ping().catch(databaseFailure)
  assert.deepEqual([failure?.code, failure?.retryAfterSeconds], ['unavailable', 2])

  for (const mistake of ['select nothing', 'select 1/0', 'not sql', 'select * from b.whose'])
    await assert.rejects(rowOf(db.forService('a'), mistake), (error) => databaseFailure(error) === undefined)
  assert.equal(databaseFailure(new Error('any')), undefined)
  assert.equal(databaseFailure('any'), undefined)
})

test('closing waits for running statements', async () => {
  await using db = await testDatabase(schemas)
  const second = openDatabase({ url: db.url })
  const running = rowOf(second.forService('a'), 'select service from whose, pg_sleep(0.3)')
  await sleep(100)
  await second[Symbol.asyncDispose]()
  assert.deepEqual(await running, { service: 'a' })
})
