import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { sql } from 'kysely'
import { Client } from 'pg'
import { pino } from 'pino'
import { silentLogger, type Logger } from '#platform/log.ts'
import type { DatabaseServer, SchemaSource } from './database.ts'
import { migrate } from './migrate.ts'
import { openDatabase } from './pool.ts'
import { testDatabase, testSchema } from './testing.ts'

const logs = testSchema(
  'logs',
  'create table lines (id bigint generated always as identity primary key, text text)',
  'create index on lines using gin (text gin_trgm_ops)',
)
logs.extensions = ['pg_trgm']

function run(db: DatabaseServer, schemas: SchemaSource[], log: Logger = silentLogger): Promise<void> {
  return migrate({ url: db.url, schemas, serviceRoles: 'auto', log })
}

async function one<Row>(db: DatabaseServer, service: string, query: string): Promise<Row> {
  const { rows } = await sql.raw<Row>(query).execute(db.forService(service))
  return rows[0]!
}

/** Overwrites or adds the script with this number. */
function writeScript(schema: SchemaSource, number: number, script: string): void {
  const file = `${String(number).padStart(4, '0')}_test.sql`
  writeFileSync(new URL(file, `${schema.migrations.href}/`), script)
}

test('scripts run once, in order, in the schema of the service', async () => {
  await using db = await testDatabase([])
  await run(db, [logs])
  await run(db, [logs])
  assert.deepEqual(
    await one(
      db,
      'logs',
      `select tableowner as owner from pg_tables where schemaname = 'logs' and tablename = 'lines'`,
    ),
    { owner: 'dakghar_logs' },
  )
  await sql`insert into lines (text) values ('hello')`.execute(db.forService('logs'))
  await sql`insert into idempotency_keys (caller, call, key, request_hash) values ('a', 'b', 'c', '')`.execute(
    db.forService('logs'),
  )
})

test('ten processes that migrate an empty database at once all succeed', async () => {
  const script = `
    const { migrate } = await import('./migrate.ts')
    const { silentLogger } = await import('#platform/log.ts')
    const schemas = [{ name: 'logs', migrations: new URL('${logs.migrations.href}'), extensions: ['pg_trgm'] }]
    process.on('message', (url) =>
      migrate({ url, schemas, serviceRoles: 'auto', log: silentLogger }).then(
        () => process.send('migrated'),
        (error) => process.send(error.message),
      ))
    process.send('ready')`
  const processes = Array.from({ length: 10 }, () =>
    spawn(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    }),
  )
  const answers = async () =>
    (await Promise.all(processes.map((child) => once(child, 'message')))).map(([answer]) => answer as string)
  try {
    await answers()
    for (let round = 0; round < 10; round++) {
      await using db = await testDatabase([])
      await asAdmin(db.url, 'drop schema platform cascade')
      for (const child of processes) child.send(db.url)
      assert.deepEqual(
        await answers(),
        Array.from({ length: 10 }, () => 'migrated'),
      )
      assert.deepEqual(await asAdmin(db.url, 'select file from platform.migrations order by owner, number'), [
        { file: '0001_idempotency_keys.sql' },
        { file: '0001_test.sql' },
        { file: '0002_test.sql' },
      ])
    }
  } finally {
    const exits = processes.map((child) => once(child, 'exit'))
    for (const child of processes) child.kill()
    await Promise.all(exits)
  }
})

test('databases of one server that are migrated at once share the roles without a clash', async () => {
  const name = `race_${process.pid}`
  const schema = testSchema(name, 'create table things ()')
  await using first = await testDatabase([])
  await using second = await testDatabase([])
  await using third = await testDatabase([])
  await Promise.all([first, second, third].map((db) => run(db, [schema])))
  for (const db of [first, second, third])
    assert.deepEqual(await one(db, name, 'select current_user as role'), { role: `dakghar_${name}` })
})

test('a script that fails leaves nothing and is named with its line', async () => {
  const schema = testSchema('shop', 'create table products ();\nselect nonsense;\n')
  await using db = await testDatabase([])
  await assert.rejects(run(db, [schema]), /^Error: shop\/0001_test\.sql:2: column "nonsense" does not exist$/)
  assert.deepEqual(await one(db, 'shop', `select to_regclass('shop.products') as found`), { found: null })
  writeScript(schema, 1, 'create table products ()')
  await run(db, [schema])
  assert.deepEqual(await one(db, 'shop', 'select count(*) as n from products'), { n: 0 })
})

test('an applied script that has changed is an error', async () => {
  const schema = testSchema('shop', 'create table products ()')
  await using db = await testDatabase([])
  await run(db, [schema])
  writeScript(schema, 1, 'create table products (id int)')
  await assert.rejects(run(db, [schema]), /shop: 0001_test\.sql has changed since it was applied/)
})

const badFolders = [
  { what: 'a gap', file: '0003_test.sql' },
  { what: 'a number used twice', file: '0001_other.sql' },
  { what: 'a name without a number', file: 'more.sql' },
]
for (const { what, file } of badFolders)
  test(`${what} in the numbers is an error before anything runs`, async () => {
    const schema = testSchema('shop', 'create table products ()')
    writeFileSync(new URL(file, `${schema.migrations.href}/`), '')
    await using db = await testDatabase([])
    await assert.rejects(run(db, [schema]), /expected 000\d_name\.sql/)
    assert.deepEqual(await one(db, 'shop', `select to_regnamespace('shop') as found`), { found: null })
  })

test('an older program runs on a newer database and says so', async () => {
  const schema = testSchema('shop', 'create table products ()', 'create table orders ()')
  await using db = await testDatabase([])
  await run(db, [schema])
  rmSync(fileURLToPath(new URL('0002_test.sql', `${schema.migrations.href}/`)))
  const lines: string[] = []
  await run(db, [schema], pino({ level: 'warn' }, { write: (line) => void lines.push(line) }))
  assert.match(lines.join(''), /"file":"0002_test\.sql".*does not know/)
})

for (const name of ['platform', 'public', 'pg_catalog', 'Logs', 'a-b', 'a"; drop schema public', ''])
  test(`"${name}" can't be the name of a service`, async () => {
    await using db = openDatabase({ url: 'postgres://nowhere.invalid/x' })
    assert.throws(() => db.forService(name), /can't be the name of a schema/)
    await assert.rejects(db.migrate([{ ...logs, name }]), /can't be the name of a schema/)
  })

test('every service may use a shared schema, tables of later migrations too, and no other schema', async () => {
  const bus: SchemaSource = {
    ...testSchema('bus', 'create table outbox (id bigint generated always as identity, note text)'),
    sharedWithServices: true,
  }
  const shop = testSchema('shop', 'create table products (id int)')
  await using db = await testDatabase([])
  await run(db, [bus, logs, shop])
  writeScript(bus, 2, 'create table dead_letters (id bigserial, note text)')
  await run(db, [bus, logs, shop])
  for (const table of ['outbox', 'dead_letters'])
    for (const service of ['logs', 'shop', 'bus']) {
      const handle = db.forService(service)
      await sql.raw(`insert into bus.${table} (note) values ('x')`).execute(handle)
      await sql.raw(`update bus.${table} set note = 'y'`).execute(handle)
      await sql.raw(`delete from bus.${table}`).execute(handle)
    }
  await assert.rejects(
    sql`select from shop.products`.execute(db.forService('logs')),
    /permission denied for schema shop/,
  )
  await assert.rejects(
    sql`select from logs.lines`.execute(db.forService('shop')),
    /permission denied for schema logs/,
  )
  await assert.rejects(sql`drop table bus.outbox`.execute(db.forService('logs')), /must be owner/)
  await assert.rejects(
    sql`select from platform.migrations`.execute(db.forService('logs')),
    /permission denied/,
  )
  await assert.rejects(sql`create schema mine`.execute(db.forService('logs')), /permission denied/)
})

test('a user who may create roles has one for each service', async () => {
  await using db = await testDatabase([])
  await using theirs = await openAs(db, `creator_${process.pid}`, 'createrole')
  const own = testSchema(`own_${process.pid}`, 'create table things ()')
  const shared = testSchema(`shared_${process.pid}`, 'create table outbox (note text)')
  await run(theirs, [own, { ...shared, sharedWithServices: true, extensions: ['pg_trgm'] }])
  await run(theirs, [own, { ...shared, sharedWithServices: true }])
  assert.deepEqual(await one(theirs, own.name, 'select current_user as role'), {
    role: `dakghar_${own.name}`,
  })
  await sql.raw(`insert into ${shared.name}.outbox values ('x')`).execute(theirs.forService(own.name))
})

test('a user who may not create roles works without, unless they are asked for', async () => {
  await using db = await testDatabase([])
  const user = `plain_${process.pid}`
  await using theirs = await openAs(db, user, 'nocreaterole')
  const own = testSchema(`plain_own_${process.pid}`, 'create table things ()')
  await run(theirs, [own])
  assert.deepEqual(await one(theirs, own.name, 'select current_user as role'), { role: user })
  await sql`select from things`.execute(theirs.forService(own.name))
  await assert.rejects(
    migrate({ url: theirs.url, schemas: [own], serviceRoles: true, log: silentLogger }),
    /The role dakghar_plain_own_\d+ does not own the schema/,
  )
})

/** Connects as a new user who may create schemas. */
async function openAs(db: DatabaseServer, user: string, attribute: string): Promise<DatabaseServer> {
  const url = new URL(db.url)
  await asAdmin(
    db.url,
    `drop schema platform cascade;
     create role ${user} login password 'secret' ${attribute};
     grant create on database ${url.pathname.slice(1)} to ${user}`,
  )
  url.username = user
  url.password = 'secret'
  return openDatabase({ url: url.href, poolSize: 1 })
}

async function asAdmin(url: string, query: string): Promise<unknown[]> {
  const admin = new Client(url)
  await admin.connect()
  try {
    return (await admin.query<object>(query)).rows
  } finally {
    await admin.end()
  }
}
