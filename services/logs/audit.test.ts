import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { logs } from '#contracts/logs.ts'
import type { Database, DatabaseServer } from '#platform/database/database.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { canonicalJson, genesisHash } from './audit-chain.ts'
import logsService from './service.ts'
import { appendEntry } from './store/audit.ts'

let host: TestHost
let database: DatabaseServer
let db: Database
before(async () => {
  host = await testHost({ services: [logsService], roles: ['logs/api'] })
  database = openDatabase({ url: host.databaseUrl })
  db = database.forService('logs')
})
after(async () => {
  await database[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

const client = () => host.client(logs)
const append = (subject: string, details: Record<string, unknown> = {}) =>
  client().appendAudit({ actor: 'admin-1', action: 'identity.changeRole', subject, details })

test('an empty chain is intact', async () => {
  const found = await client().verifyAudit({})
  assert.deepEqual(found, { isIntact: true, entryCount: 0, headHash: genesisHash, brokenSequence: null })
})

test('entries appended at once form one chain without gaps', async () => {
  await Promise.all(
    Array.from({ length: 40 }, (_, i) => append(`account ${i}`, { from: 'staff', to: 'admin', i })),
  )
  const { items } = await client().listAudit({ limit: 100 })
  assert.deepEqual(
    items.map(({ sequence }) => sequence),
    Array.from({ length: 40 }, (_, i) => 40 - i),
  )
  const found = await client().verifyAudit({})
  assert.deepEqual([found.isIntact, found.entryCount, found.headHash], [true, 40, items[0]?.hash])
})

test('an entry that is rolled back leaves no gap', async () => {
  await assert.rejects(append('x', { big: 1n }), { code: 'invalid' })
  const failing = db.transaction().execute(async (tx) => {
    await appendEntry(tx, 'test', { actor: 'a', action: 'b', subject: 'c', details: {} })
    throw new Error('rolled back')
  })
  await assert.rejects(failing, /rolled back/)
  assert.equal((await append('next')).sequence, 41)
})

test('whatever JSON the details are, they verify as they are read back', async () => {
  const odd = {
    10: 'b',
    9: 'a',
    é: 1e21,
    z: -0,
    nested: [{ b: 1, a: null }],
    nul: '\0',
    lone: '\uD800',
    __proto__x: 1,
  }
  const entry = await client().appendAudit({ actor: 'a\0\uD800', action: 'x', subject: '', details: odd })
  const { items } = await client().listAudit({ limit: 1 })
  assert.deepEqual(items[0], entry)
  assert.equal((await client().verifyAudit({})).isIntact, true)
})

test('entries are found by actor, action, subject and time, page by page', async () => {
  const { items } = await client().listAudit({ actor: 'admin-1', subject: 'account 7' })
  assert.equal(items.length, 1)
  assert.equal((await client().listAudit({ action: 'nothing' })).items.length, 0)
  assert.equal(
    (await client().listAudit({ from: new Date(Date.now() + 1000).toISOString() })).items.length,
    0,
  )
  const first = await client().listAudit({ limit: 30 })
  const second = await client().listAudit({ limit: 30, cursor: first.nextCursor ?? '' })
  assert.deepEqual([first.items.length, second.items.length, second.nextCursor], [30, 12, null])
})

test('the database refuses every change of an entry', async () => {
  for (const change of [
    sql`update audit_entries set actor = 'somebody else'`,
    sql`update audit_entries set actor = 'nobody' where false`,
    sql`delete from audit_entries where sequence = 3`,
    sql`truncate audit_entries`,
    sql`delete from audit_head`,
  ])
    await assert.rejects(change.execute(db), /never changed/)
})

test('the first entry that was tampered with is named', async () => {
  const cases: [string, ReturnType<typeof sql>, number][] = [
    ['changed', sql`update audit_entries set actor = 'somebody else' where sequence = 3`, 3],
    ['details changed', sql`update audit_entries set details = '{"to":"staff"}' where sequence = 12`, 12],
    ['time changed', sql`update audit_entries set time = time - interval '1 ms' where sequence = 5`, 5],
    ['left out', sql`delete from audit_entries where sequence = 20`, 20],
    ['cut off at the end', sql`delete from audit_entries where sequence > 38`, 39],
    ['cut off at the start', sql`delete from audit_entries where sequence < 5`, 1],
    ['all gone', sql`delete from audit_entries`, 1],
    [
      'added at the end',
      sql`insert into audit_entries
      select sequence + 1, time, service, actor, action, subject, details, hash
      from audit_entries order by sequence desc limit 1`,
      43,
    ],
    ['head changed', sql`update audit_head set hash = decode(repeat('11', 32), 'hex')`, 42],
  ]
  for (const [what, change, expected] of cases) {
    const before = await client().verifyAudit({})
    assert.equal(before.isIntact, true)
    // Who owns the table can switch the trigger off; the chain shows it.
    await sql`alter table audit_entries disable trigger append_only`.execute(db)
    const kept = await sql<never>`select * from audit_entries`.execute(db)
    const head = await sql<{ hash: Buffer }>`select hash from audit_head`.execute(db)
    await change.execute(db)
    const found = await client().verifyAudit({})
    assert.deepEqual([found.isIntact, found.brokenSequence], [false, expected], what)
    await sql`delete from audit_entries`.execute(db)
    await db
      .insertInto('audit_entries')
      .values(
        kept.rows.map((row: Record<string, unknown>) => ({ ...row, details: JSON.stringify(row.details) })),
      )
      .execute()
    await sql`update audit_head set hash = ${head.rows[0]?.hash}`.execute(db)
  }
})

test('canonical JSON sorts keys by code units', () => {
  const text = canonicalJson({
    b: [1, { z: null, a: 'é' }],
    10: 1,
    9: 2,
    A: 'x',
    '\u20ac': 1,
    '\ud83d\ude00': 2,
    '\ufb33': 3,
  })
  assert.equal(text, '{"10":1,"9":2,"A":"x","b":[1,{"a":"é","z":null}],"€":1,"😀":2,"\ufb33":3}')
})
