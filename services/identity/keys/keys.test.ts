import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { identity } from '#contracts/identity.ts'
import type { Session } from '#contracts/identity/sign-in.ts'
import { openDatabase } from '#platform/database/pool.ts'
import type { Identity } from '#platform/identity.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import identityService from '#services/identity/service.ts'
import { followRevocations, password, sessionOf, signUp } from '#services/identity/testing.ts'

let host: TestHost
before(async () => {
  host = await testHost({ services: [identityService] })
})
after(() => host[Symbol.asyncDispose]())

let people = 0
const someone = () => signUp(host, `keys${++people}@localhost`)
const reading = { name: 'A reader', scopes: ['*:read'] }

/** Acts with a key, as a gateway would let it. */
function holder(session: Session | null): Identity {
  assert.ok(session)
  const { id, scopes } = session
  if (session.kind === 'service')
    return { kind: 'service', name: session.name, scopes: session.scopes, keyId: id }
  const { accountId, roles, isVerified } = session
  return { kind: 'account', accountId, sessionId: id, roles, isVerified, ...(scopes && { scopes }) }
}

async function stale(sessionId: string): Promise<void> {
  await using database = openDatabase({ url: host.databaseUrl })
  await sql`update sessions set created_at = created_at - interval '1 hour', authenticated_at = authenticated_at - interval '1 hour'
    where id = ${sessionId}`.execute(database.forService('identity'))
}

test('a key acts for its account with its scopes, and its use is told to the hour', async () => {
  const { client, account } = await someone()
  const made = await client.createApiKey(reading)
  assert.match(made.key, /^dk_[\w-]{43}$/)
  assert.equal(made.prefix, made.key.slice(0, 8))
  assert.equal(made.lastUsedAt, null)
  const session = await sessionOf(host, made.key)
  assert.equal(session?.kind, 'account')
  assert.deepEqual(
    { ...session, expiresAt: '' },
    {
      kind: 'account',
      id: made.id,
      accountId: account.id,
      roles: ['customer'],
      isVerified: false,
      scopes: made.scopes,
      expiresAt: '',
    },
  )
  const [listed] = (await client.listApiKeys({})).items
  const { key: _, ...shown } = made
  assert.deepEqual({ ...listed, lastUsedAt: null }, shown)
  assert.match(listed!.lastUsedAt!, /:00:00\.000Z$/)
  assert.ok(!JSON.stringify(listed).includes(made.key.slice(10)), 'the key is shown once')
})

test('the database has nothing of a key that could be used', async () => {
  const { client } = await someone()
  const { key } = await client.createApiKey(reading)
  await using database = openDatabase({ url: host.databaseUrl })
  const { rows } = await sql`select keys::text as row from keys`.execute(database.forService('identity'))
  assert.ok(!JSON.stringify(rows).includes(key.slice(10)))
})

test('a session that is not fresh makes no key until the person has confirmed who he is', async () => {
  const { client, session } = await someone()
  await stale(session.id)
  await assert.rejects(client.createApiKey(reading), { code: 'confirmationNeeded', status: 403 })
  await client.confirmIdentity({ password })
  await client.createApiKey(reading)
})

test('no key makes another one', async () => {
  const { client } = await someone()
  const all = await client.createApiKey({ name: 'everything', scopes: ['*:write', '*:read'] })
  const byKey = host.client(identity, holder(await sessionOf(host, all.key)))
  assert.equal((await byKey.listApiKeys({})).items.length, 1)
  await assert.rejects(byKey.createApiKey(reading), { code: 'forbidden' })
  const { key, id } = await host.client(identity).createServiceKey({ name: 'script', scopes: ['*:write'] })
  const script = host.client(identity, holder(await sessionOf(host, key)))
  await assert.rejects(script.createServiceKey({ name: 'other', scopes: ['*:write'] }), { code: 'forbidden' })
  await host.client(identity).removeServiceKey({ id })
})

test('a key is refused what its scopes do not cover', async () => {
  const { client } = await someone()
  const { key } = await client.createApiKey({ name: 'logs', scopes: ['logs:write'] })
  const byKey = host.client(identity, holder(await sessionOf(host, key)))
  await assert.rejects(byKey.showMe({}), { code: 'forbidden' })
  const { key: readKey } = await client.createApiKey({ name: 'reads', scopes: ['identity:read'] })
  const reader = host.client(identity, holder(await sessionOf(host, readKey)))
  await reader.showMe({})
  await assert.rejects(reader.changeProfile({ name: 'Other' }), { code: 'forbidden' })
})

test('a scope names a service, and an end lies ahead', async () => {
  const { client } = await someone()
  const scopes = ['identity:read', 'nothing:read', '*:write', 'none:write']
  await assert.rejects(
    client.createApiKey({ name: 'x', scopes }),
    (error: { code: string; fields: object }) => {
      assert.equal(error.code, 'unknownScope')
      const fields = ['scopes.1', 'scopes.3'].map((path) => ({ path, message: 'names no service' }))
      assert.deepEqual(error.fields, fields)
      return true
    },
  )
  const expiresAt = new Date(Date.now() - 1).toISOString()
  await assert.rejects(client.createApiKey({ ...reading, expiresAt }), { code: 'invalid' })
  const soon = await client.createApiKey({ ...reading, expiresAt: new Date(Date.now() + 300).toISOString() })
  assert.equal((await sessionOf(host, soon.key))?.expiresAt, soon.expiresAt)
  while (Date.now() <= Date.parse(soon.expiresAt!)) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(await sessionOf(host, soon.key), null)
})

test('an account has at most 50 keys, however many are wished at once', async () => {
  const { client } = await someone()
  const wishes = Array.from({ length: 70 }, (_, i) => client.createApiKey({ ...reading, name: `key ${i}` }))
  const made = await Promise.allSettled(wishes)
  assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 50)
  for (const each of made) if (each.status === 'rejected') assert.equal(each.reason.code, 'tooManyKeys')
  assert.equal((await client.listApiKeys({})).items.length, 50)
})

test('a key that was removed is nobody’s, and gateways are told', async () => {
  const one = await someone()
  const other = await someone()
  const made = await one.client.createApiKey(reading)
  await using told = followRevocations(host)
  await assert.rejects(other.client.removeApiKey({ id: made.id }), { code: 'notFound' })
  assert.ok(await sessionOf(host, made.key))
  await one.client.removeApiKey({ id: made.id })
  await assert.rejects(one.client.removeApiKey({ id: made.id }), { code: 'notFound' })
  assert.equal(await sessionOf(host, made.key), null)
  const expected = [{ accountId: one.account.id, sessionId: made.id }]
  while (told.revoked().length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.deepEqual(told.revoked(), expected)
})

test('a service key acts under its name, which nothing else has', async () => {
  const admin = host.client(identity)
  const made = await admin.createServiceKey({ name: 'nightly', scopes: ['logs:write'] })
  assert.match(made.key, /^sk_[\w-]{43}$/)
  const session = await sessionOf(host, made.key)
  assert.deepEqual(session && { ...session, expiresAt: '' }, {
    kind: 'service',
    id: made.id,
    name: 'nightly',
    scopes: ['logs:write'],
    expiresAt: '',
  })
  assert.ok(Date.parse(session!.expiresAt) > Date.now() + 300 * 86_400_000)
  for (const name of ['nightly', 'gateway', 'identity'])
    await assert.rejects(admin.createServiceKey({ name, scopes: ['*:read'] }), { code: 'nameTaken' }, name)
  assert.deepEqual(
    (await admin.listServiceKeys({})).items.map(({ name }) => name),
    ['nightly'],
  )
  await using told = followRevocations(host)
  await admin.removeServiceKey({ id: made.id })
  assert.equal(await sessionOf(host, made.key), null)
  while (told.revoked().length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.deepEqual(told.revoked(), [{ accountId: made.id, sessionId: null }])
})

test('a key of an account that nobody can sign in to is nobody’s', async () => {
  const { client, account } = await someone()
  const { key } = await client.createApiKey(reading)
  assert.ok(await sessionOf(host, key))
  await using database = openDatabase({ url: host.databaseUrl })
  const db = database.forService('identity')
  await sql`update accounts set disabled_at = now() where id = ${account.id}`.execute(db)
  assert.equal(await sessionOf(host, key), null)
})
