import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { sql } from 'kysely'
import type { ReplicaUpdate } from '#contracts/replica.ts'
import type { Database } from '#platform/database/database.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { testDatabase, testSchema } from '#platform/database/testing.ts'
import { silentLogger } from '#platform/log.ts'
import type { QueryContext } from '#platform/service.ts'
import { openLocalSignals } from '#platform/signals/local.ts'
import { follow, type Replica } from './follow.ts'
import { replicaSource, type Place, type Reading } from './source.ts'
import { Table } from './table.ts'

interface Jar {
  id: string
  label: string
}

const schema = testSchema(
  'shelf',
  `create table head (epoch uuid not null default gen_random_uuid(), revision bigint not null default 0);
   insert into head default values;
   create table jars (id text primary key, label text not null, revision bigint not null, is_removed boolean not null default false)`,
)

async function read(db: Database, since: Place | undefined): Promise<Reading<Jar>> {
  const { epoch = null, revision = null } = since ?? {}
  const { rows } = await sql<Reading<Jar>>`
    select epoch, revision, epoch is distinct from ${epoch}::uuid as "isWhole", true as "isComplete",
      (select coalesce(json_agg(json_build_object('label', label, 'id', id)), '[]') from jars
        where not is_removed and (epoch is distinct from ${epoch}::uuid or jars.revision > ${revision}::bigint)) as put,
      (select coalesce(json_agg(id), '[]') from jars where is_removed and jars.revision > ${revision}::bigint) as removed
    from head`.execute(db)
  return rows[0]!
}

async function putJar(db: Database, id: string, label: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`update head set revision = revision + 1`.execute(tx)
    await sql`insert into jars (id, label, revision) select ${id}, ${label}, revision from head
      on conflict (id) do update set label = excluded.label, revision = excluded.revision`.execute(tx)
  })
}

async function removeJar(db: Database, id: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`update head set revision = revision + 1`.execute(tx)
    await sql`update jars set is_removed = true, revision = (select revision from head) where id = ${id}`.execute(
      tx,
    )
  })
}

const source = replicaSource<Jar>({ topic: 'shelf.jars', read })

/** One process that owns the table. */
function ownerOn(db: Database) {
  const signals = openLocalSignals({ log: silentLogger })
  const own = { db, signals, log: silentLogger }
  const context = (signal: AbortSignal) => ({ ...own, own, signal }) as unknown as QueryContext
  return {
    db,
    open: (signal: AbortSignal) => source.updates(context(signal)),
    changed: () => source.changed(context(AbortSignal.abort())),
  }
}

type Mangle = (update: ReplicaUpdate<Jar>) => ReplicaUpdate<Jar>[]

/** What the owner says, with some of it lost or changed on the way. */
function through(open: (signal: AbortSignal) => AsyncIterable<ReplicaUpdate<Jar>>, mangle: Mangle) {
  return async function* (signal: AbortSignal) {
    for await (const update of open(signal)) yield* mangle(update)
  }
}

function followJars(open: (signal: AbortSignal) => AsyncIterable<ReplicaUpdate<Jar>>): Replica<Jar> {
  return follow<Jar>({ name: 'jars', open, log: silentLogger })
}

async function eventually(isSo: () => boolean, what: string, timeoutMs = 5_000): Promise<number> {
  const startedAt = performance.now()
  while (!isSo()) {
    assert.ok(performance.now() - startedAt < timeoutMs, what)
    await sleep(5)
  }
  return performance.now() - startedAt
}

const labels = (replica: Replica<Jar>) =>
  Object.fromEntries([...replica.rows].map(([id, { label }]) => [id, label]))

const has = (replica: Replica<Jar>, expected: Record<string, string>) => () =>
  JSON.stringify(Object.entries(labels(replica)).toSorted()) ===
  JSON.stringify(Object.entries(expected).toSorted())

test('a follower gets the table, then every change of it at once', async () => {
  await using database = await testDatabase([schema])
  const owner = ownerOn(database.forService('shelf'))
  await putJar(owner.db, 'a', 'plum')
  await using replica = followJars(owner.open)
  await eventually(has(replica, { a: 'plum' }), 'the snapshot')
  let changes = 0
  replica.onChange(() => void changes++)
  await putJar(owner.db, 'b', 'fig')
  owner.changed()
  assert.ok((await eventually(has(replica, { a: 'plum', b: 'fig' }), 'the change')) < 500)
  await removeJar(owner.db, 'a')
  owner.changed()
  await eventually(has(replica, { b: 'fig' }), 'the removal')
  assert.equal(changes, 2)
  assert.equal(replica.place?.revision, 3)
})

test('a change by another process whose signal is lost is seen within two seconds', async () => {
  await using database = await testDatabase([schema])
  await using other = openDatabase({ url: database.url })
  const owner = ownerOn(database.forService('shelf'))
  await using replica = followJars(owner.open)
  await replica.heard(1_000)
  await putJar(other.forService('shelf'), 'a', 'plum')
  assert.ok((await eventually(has(replica, { a: 'plum' }), 'the change')) < 2_000)
})

test('a change that gets lost or damaged on the way is noticed and repaired, 50 times', async () => {
  await using database = await testDatabase([schema])
  const owner = ownerOn(database.forService('shelf'))
  let fault: 'drop' | 'damage' | undefined
  let faults = 0
  const mangle: Mangle = (update) => {
    if (update.kind !== 'change' || fault === undefined) return [update]
    const [made] = [fault]
    fault = undefined
    faults++
    if (made === 'drop') return []
    return [{ ...update, put: update.put.map((row) => ({ ...row, label: `${row.label}?` })) }]
  }
  await using replica = followJars(through(owner.open, mangle))
  await replica.heard(1_000)
  for (let round = 0; round < 50; round++) {
    fault = round % 2 === 0 ? 'drop' : 'damage'
    await putJar(owner.db, 'a', `label ${round}`)
    owner.changed()
    // The change after the one that was dropped shows the gap; without one the next beat does.
    if (round % 10 !== 0) {
      await sleep(20)
      await putJar(owner.db, 'b', `label ${round}`)
      owner.changed()
    }
    await eventually(() => replica.rows.get('a')?.label === `label ${round}`, `round ${round}`, 3_000)
  }
  assert.equal(faults, 50)
})

test('a large table comes in parts, and a large change of it as well', async () => {
  await using database = await testDatabase([schema])
  const owner = ownerOn(database.forService('shelf'))
  const add = async (from: number, to: number) => {
    await sql`update head set revision = revision + 1`.execute(owner.db)
    await sql`insert into jars (id, label, revision)
      select n, 'jar ' || n, revision from head, generate_series(${from}::int, ${to}::int) n`.execute(
      owner.db,
    )
    owner.changed()
  }
  await add(1, 2_500)
  const sizes: number[] = []
  const noteSize: Mangle = (update) => {
    if (update.kind === 'snapshot') sizes.push(update.rows.length)
    return [update]
  }
  await using replica = followJars(through(owner.open, noteSize))
  await eventually(() => replica.rows.size === 2_500, 'the table')
  await add(2_501, 4_000)
  await eventually(() => replica.rows.size === 4_000, 'the change')
  assert.deepEqual(sizes, [1_000, 1_000, 500, 1_000, 1_000, 1_000, 1_000])
})

test('another epoch is another table, whatever its revision', async () => {
  await using database = await testDatabase([schema])
  const owner = ownerOn(database.forService('shelf'))
  for (const id of ['a', 'b', 'c']) await putJar(owner.db, id, 'old')
  await using replica = followJars(owner.open)
  await eventually(() => replica.rows.size === 3, 'the old table')
  await sql`update head set epoch = gen_random_uuid(), revision = 0`.execute(owner.db)
  await sql`delete from jars`.execute(owner.db)
  await putJar(owner.db, 'd', 'new')
  owner.changed()
  await eventually(has(replica, { d: 'new' }), 'the new table')
  assert.equal(replica.place?.revision, 1)
})

test('a stream that falls silent is opened anew, and the last table is kept meanwhile', async () => {
  const table = new Table<Jar>([{ id: 'a', label: 'plum' }])
  let opened = 0
  await using replica = followJars(async function* (signal) {
    opened++
    yield snapshot(table)
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  })
  await replica.heard(1_000)
  await sleep(2_500)
  assert.equal(opened, 1)
  await eventually(() => opened === 2, 'opened anew', 1_500)
  assert.deepEqual(labels(replica), { a: 'plum' })
})

test('what is missing from an incomplete table is not gone; what was removed does not come back', async () => {
  const rows = ['a', 'b', 'c'].map((id) => ({ id, label: id }))
  const [a, b, c] = rows as [Jar, Jar, Jar]
  const old = randomUUID()
  const fresh = randomUUID()
  const without = (removed: string): ReplicaUpdate<Jar> => {
    const table = new Table(rows)
    table.remove(removed)
    return { kind: 'change', since: 1, revision: 2, digest: table.digest, put: [], removed: [removed] }
  }
  const updates: [ReplicaUpdate<Jar>, string][] = [
    [snapshot(new Table(rows), { epoch: old }), 'a b c'],
    [without('a'), 'b c'],
    // A backup of the owner's database.
    [snapshot(new Table(rows), { epoch: old }), 'b c'],
    [snapshot(new Table<Jar>(), { epoch: fresh, isComplete: false }), 'b c'],
    [snapshot(new Table([c]), { epoch: fresh, isComplete: false }), 'b c'],
    // A new epoch knows who is there.
    [snapshot(new Table([a, c]), { epoch: fresh, isComplete: false }), 'a b c'],
    [snapshot(new Table([a, c]), { epoch: fresh }), 'a c'],
    [snapshot(new Table([a, b, c]), { epoch: fresh }), 'a c'],
  ]
  const seen: string[] = []
  await using replica = followJars(async function* (signal) {
    for (const [update] of updates) {
      yield update
      seen.push([...replica.rows.keys()].toSorted().join(' '))
    }
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  })
  await eventually(() => seen.length === updates.length, 'all updates')
  assert.deepEqual(
    seen,
    updates.map(([, expected]) => expected),
  )
})

test('after any puts and removals the digest is that of the table that is left', () => {
  const step = fc.record({
    id: fc.constantFrom('a', 'b', 'c', '__proto__'),
    label: fc.option(fc.string(), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const table = new Table<Jar>()
      const model = new Map<string, Jar>()
      for (const { id, label } of steps) {
        if (label === undefined) {
          table.remove(id)
          model.delete(id)
        } else {
          table.put({ id, label })
          model.set(id, { id, label })
        }
      }
      const rebuilt = [...model.values()].toReversed().map(({ id, label }) => ({ label, id }))
      assert.deepEqual(table.rows, model)
      assert.equal(table.digest, new Table(rebuilt).digest)
      if (model.size > 0) assert.notEqual(table.digest, new Table().digest)
    }),
  )
})

function snapshot(
  table: Table<Jar>,
  { epoch = randomUUID() as string, isComplete = true } = {},
): ReplicaUpdate<Jar> {
  const rows = [...table.rows.values()]
  return { kind: 'snapshot', epoch, revision: 1, digest: table.digest, rows, remaining: 0, isComplete }
}
