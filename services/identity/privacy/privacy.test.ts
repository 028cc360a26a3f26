import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { sql } from 'kysely'
import { identity } from '#contracts/identity.ts'
import { openBlobs } from '#platform/blobs/open.ts'
import { openDatabase } from '#platform/database/pool.ts'
import type { Database } from '#platform/database/database.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import identityService from '#services/identity/service.ts'
import { personalTables } from '#services/identity/store/personal.ts'
import { followRevocations, password, sessionOf, signUp } from '#services/identity/testing.ts'
import { personalServices, removePastExports } from './exports.ts'
import { witnessOf } from './witness.ts'

const notices = witnessOf(identity.events.noticeDue)
let host: TestHost
let database: ReturnType<typeof openDatabase>
let db: Database
before(async () => {
  host = await testHost({ services: [identityService, notices.service] })
  database = openDatabase({ url: host.databaseUrl })
  db = database.forService('identity')
})
after(async () => {
  await database[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

let people = 0
const someone = () => signUp(host, `private${++people}@localhost`)
const others = personalServices.filter((name) => name !== identity.name)
const blobs = () => openBlobs(`file://${host.dataDirectory}/blobs/identity`, {})

async function eventually<T>(see: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  const giveUpAt = Date.now() + 10_000
  for (;;) {
    const seen = await see()
    if (isSo(seen)) return seen
    assert.ok(Date.now() < giveUpAt, JSON.stringify(seen))
    await sleep(10)
  }
}

type Person = Awaited<ReturnType<typeof someone>>

async function exportOf(person: Person, parts: Record<string, unknown> = {}) {
  const { id } = await person.client.requestExport({})
  for (const service of others)
    await host.client(identity).addToExport({ exportId: id, service, content: parts[service] ?? {} })
  await eventually(
    async () => (await person.client.listExports({})).items[0]!,
    ({ state }) => state === 'ready',
  )
  const download = await person.client.downloadExport({ id })
  await using store = await blobs()
  const content = await text((await store.get(download.blob))!)
  return { id, download, content, file: JSON.parse(content) as Exported }
}

interface Exported {
  accountId: string
  services: { identity: Record<string, Record<string, unknown>[]> } & Record<string, unknown>
}

async function stale(sessionId: string): Promise<void> {
  await sql`update sessions set authenticated_at = authenticated_at - interval '1 hour' where id = ${sessionId}`.execute(
    db,
  )
}

async function setPicture(person: Person, colour: number): Promise<string> {
  await using uploads = await openBlobs(`file://${host.dataDirectory}/blobs/uploads`, {})
  const content = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(500, colour)])
  const { id: blob, sizeBytes } = await uploads.put(content)
  const { pictureId } = await person.client.setPicture({
    upload: { blob, sizeBytes, mediaType: 'image/png' },
  })
  return pictureId!
}

test('every column of every table with rows of accounts is shown or knowingly withheld', async () => {
  const { rows } = await sql<{ table: string; column: string }>`
    select table_name as "table", column_name as "column" from information_schema.columns
    where table_schema = 'identity' and table_name in (
      select table_name from information_schema.columns
      where table_schema = 'identity' and (column_name = 'account_id' or table_name = 'accounts')
    ) order by 1, 2`.execute(db)
  const expected = Object.entries(personalTables).flatMap(([table, { shown, withheld }]) =>
    [...shown, ...withheld].map((column) => `${table}.${column}`),
  )
  const found = rows.map(({ table, column }) => `${table}.${column}`)
  assert.deepEqual(expected.toSorted(), found.toSorted())
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = 'identity' and table_type = 'BASE TABLE'`.execute(db)
  const impersonal = [
    ...'installation retired_userids blocked_ranges offenders policies pushed_tables'.split(' '),
    ...'revocation_head signing_keys'.split(' '),
    // By way of a session, an export, an erasure.
    ...'refresh_tokens export_parts erasure_parts'.split(' '),
    // The platform's.
    ...'idempotency_keys outbox'.split(' '),
  ]
  const unknown = tables.map(({ name }) => name).filter((name) => !personalTables[name])
  assert.deepEqual(
    unknown.filter((name) => !impersonal.includes(name)),
    [],
    'a table that nobody has decided about',
  )
})

test('an export has the parts of all services in one file, for its owner alone, and the person is told', async () => {
  const person = await someone()
  const other = await someone()
  const picture = await setPicture(person, 7)
  await person.client.createApiKey({ name: 'my script', scopes: ['*:read'] })
  const requested = await person.client.requestExport({})
  assert.deepEqual([requested.state, requested.sizeBytes], ['gathering', null])
  assert.deepEqual(requested.waitingFor, personalServices.toSorted())
  assert.equal((await person.client.requestExport({})).id, requested.id, 'one at a time')
  await assert.rejects(person.client.downloadExport({ id: requested.id }), { code: 'notFound' })

  const { id, download, content, file } = await exportOf(person, { notifications: { messages: ['hello'] } })
  assert.equal(id, requested.id)
  assert.equal(download.sizeBytes, Buffer.byteLength(content))
  assert.match(download.fileName, /^dakghar-\d{4}-\d\d-\d\d\.json$/)
  assert.equal(file.accountId, person.account.id)
  assert.deepEqual(file.services.notifications, { messages: ['hello'] })
  const own = file.services.identity
  assert.equal(own.accounts![0]!.userid, person.userid)
  assert.equal(own.sessions![0]!.id, person.session.id)
  assert.equal(own.keys![0]!.name, 'my script')
  const shown = own.picture as unknown as { mediaType: string; base64: string }
  assert.equal(shown.mediaType, 'image/png')
  const hash = createHash('sha256').update(Buffer.from(shown.base64, 'base64')).digest('hex')
  assert.equal(hash, picture)
  assert.ok(!content.includes('$argon2') && !content.includes('_hash'), 'no secret')
  assert.ok(!content.includes(other.account.id))

  await assert.rejects(other.client.downloadExport({ id }), { code: 'notFound' })
  assert.deepEqual((await other.client.listExports({})).items, [])
  const { rows } = await sql`select from export_parts where content is not null`.execute(db)
  assert.equal(rows.length, 0)
  const requestId = `export_ready:${id}`
  const told = await eventually(
    async () => notices.seen.filter((notice) => notice.requestId === requestId),
    ({ length }) => length > 0,
  )
  assert.deepEqual(
    [told.length, told[0]!.template, told[0]!.accountId],
    [1, 'export_ready', person.account.id],
  )
})

test('an export takes a person who has confirmed who he is', async () => {
  const { client, session } = await someone()
  await stale(session.id)
  await assert.rejects(client.requestExport({}), { code: 'confirmationNeeded' })
  await client.confirmIdentity({ password })
  await client.requestExport({})
})

test('a part that comes twice, late, or for nobody changes nothing', async () => {
  const person = await someone()
  const { id, content } = await exportOf(person)
  const part = { exportId: id, service: others[0]!, content: { late: true } }
  await host.client(identity).addToExport(part)
  const again = await person.client.downloadExport({ id })
  await using store = await blobs()
  assert.equal(await text((await store.get(again.blob))!), content)
  await host.client(identity).addToExport({ ...part, exportId: person.account.id })
  await assert.rejects(host.client(identity).addToExport({ ...part, service: 'gateway' }), {
    code: 'invalid',
  })
  await assert.rejects(person.client.addToExport(part), { code: 'forbidden' })
})

test('an export goes after its time, with its file', async () => {
  const person = await someone()
  const { id, download } = await exportOf(person)
  await sql`update exports set expires_at = now() where id = ${id}`.execute(db)
  await assert.rejects(person.client.downloadExport({ id }), { code: 'notFound' })
  await using store = await blobs()
  assert.ok(await store.info(download.blob))
  await removePastExports({ db, blobs: store })
  assert.equal(await store.info(download.blob), undefined)
  assert.deepEqual((await person.client.listExports({})).items, [])
})

test('who erases himself is gone from every table, and his userid is never given again', async () => {
  const person = await someone()
  const picture = await setPicture(person, 9)
  const { key } = await person.client.createApiKey({ name: 'a key', scopes: ['*:read'] })
  const { download } = await exportOf(person)
  const { id: accountId } = person.account
  await assert.rejects(person.client.eraseMe({ password: 'a wrong one' }), { code: 'wrongCredentials' })
  await stale(person.session.id)
  await assert.rejects(person.client.eraseMe({}), { code: 'confirmationNeeded' })
  await using told = followRevocations(host)
  await eventually(
    async () => told.told.length,
    (count) => count > 0,
  )
  const erasure = await person.client.eraseMe({ password })
  assert.equal(erasure.completedAt, null)
  assert.deepEqual(
    (await person.client.eraseMe({ password }).catch(({ code }) => code)) as unknown,
    'wrongCredentials',
  )
  await eventually(
    async () => told.revoked(),
    (revoked) => revoked.length > 0,
  )
  assert.deepEqual(told.revoked(), [{ accountId, sessionId: null }])
  assert.equal(await sessionOf(host, person.session.token), null)
  assert.equal(await sessionOf(host, key), null)

  for (const [table, { owner }] of Object.entries(personalTables)) {
    if (['erasures', 'revocations'].includes(table)) continue
    const { rows } = await sql`
      select from ${sql.table(table)} where ${sql.ref(owner)} = ${accountId}`.execute(db)
    assert.equal(rows.length, 0, table)
  }
  const anonymous = host.client(identity, { kind: 'anonymous' })
  const again = { userid: person.userid, password, name: 'Somebody else' }
  await assert.rejects(anonymous.createProfile(again), { code: 'useridTaken' })
  await assert.rejects(
    anonymous.createProfile({
      ...again,
      userid: person.userid.replace('@', '_@').replace('private', 'pri-vate').replace('_@', '@'),
    }),
    { code: 'useridTaken' },
  )

  const admin = host.client(identity)
  const find = async () => (await admin.listErasures({})).items.find((one) => one.accountId === accountId)!
  await eventually(find, ({ waitingFor }) => !waitingFor.includes('identity'))
  await using store = await blobs()
  assert.deepEqual([await store.info(picture), await store.info(download.blob)], [undefined, undefined])
  for (let twice = 0; twice < 2; twice++)
    for (const service of others) {
      assert.equal(twice === 0 && (await find()).completedAt, twice === 0 ? null : false)
      await admin.reportErased({ erasureId: erasure.id, service })
    }
  const done = await find()
  assert.ok(done.completedAt)
  assert.deepEqual(done.waitingFor, [])
})

test('the password is not to be guessed by erasing', async () => {
  const { account, client } = await someone()
  await sql`
    insert into sign_in_failures (account_id, hour, factors)
    values (${account.id}, date_trunc('hour', now()), 100)`.execute(db)
  await assert.rejects(client.eraseMe({ password }), { code: 'tooManyRequests' })
  await client.showMe({})
})

test('a picture that somebody else has too stays', async () => {
  const [one, other] = [await someone(), await someone()]
  const picture = await setPicture(one, 3)
  assert.equal(await setPicture(other, 3), picture)
  const admin = host.client(identity)
  await admin.eraseAccount({ accountId: one.account.id })
  const find = async () =>
    (await admin.listErasures({})).items.find(({ accountId }) => accountId === one.account.id)!
  await eventually(find, ({ waitingFor }) => !waitingFor.includes('identity'))
  await using store = await blobs()
  assert.ok(await store.info(picture))
  assert.equal((await other.client.showMe({})).pictureId, picture)
})

test('an account is erased once, by however many admins at once; the last owner never', async () => {
  const person = await someone()
  const admin = host.client(identity)
  const wishes = Array.from({ length: 8 }, () => admin.eraseAccount({ accountId: person.account.id }))
  const outcomes = await Promise.allSettled(wishes)
  const ids = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value.id] : []))
  assert.equal(new Set(ids).size, 1)
  for (const one of outcomes) if (one.status === 'rejected') assert.equal(one.reason.code, 'notFound')
  assert.equal((await admin.eraseAccount({ accountId: person.account.id })).id, ids[0])

  const [owner, second] = [await someone(), await someone()]
  await admin.setRoles({ accountId: owner.account.id, roles: ['owner'] })
  await assert.rejects(admin.eraseAccount({ accountId: owner.account.id }), { code: 'lastOwner' })
  await assert.rejects(owner.client.eraseMe({ password }), { code: 'lastOwner' })
  await admin.setRoles({ accountId: second.account.id, roles: ['admin'] })
  const byAdmin = host.client(identity, {
    kind: 'account',
    accountId: second.account.id,
    sessionId: second.session.id,
    roles: ['admin'],
  })
  await assert.rejects(byAdmin.eraseAccount({ accountId: owner.account.id }), { code: 'forbidden' })
})
