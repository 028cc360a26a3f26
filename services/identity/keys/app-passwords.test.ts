import assert from 'node:assert/strict'
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { identity } from '#contracts/identity.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import identityService from '#services/identity/service.ts'
import { databaseOf, password, sessionOf, signUp } from '#services/identity/testing.ts'

let host: TestHost
let database: ReturnType<typeof databaseOf>
before(async () => {
  host = await testHost({ services: [identityService] })
  database = databaseOf(host)
})
after(async () => {
  await database[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

let people = 0
const someone = () => signUp(host, `programs${++people}@localhost`)
const doors = () => host.client(identity)
const holderOf = async (userid: string, given: string) =>
  (await doors().checkAppPassword({ userid, password: given })).account

test('a password is shown once, and listed by its name, the newest first', async () => {
  const { client, userid } = await someone()
  const phone = await client.createAppPassword({ name: ' Phone ' })
  assert.match(phone.password, /^[a-z]{16}$/)
  assert.equal(phone.lastUsedAt, null)
  const laptop = await client.createAppPassword({ name: 'Laptop' })
  assert.notEqual(laptop.password, phone.password)
  const before = await client.listAppPasswords({})
  assert.deepEqual(
    before.items.map(({ id, name }) => [id, name]),
    [
      [laptop.id, 'Laptop'],
      [phone.id, 'Phone'],
    ],
  )
  assert.ok(!JSON.stringify(before).includes(phone.password))
  assert.deepEqual((await (await someone()).client.listAppPasswords({})).items, [])

  await holderOf(userid, phone.password)
  const [unused, used] = (await client.listAppPasswords({})).items
  assert.equal(unused?.lastUsedAt, null)
  assert.match(used?.lastUsedAt ?? '', /:00:00\.000Z$/)
})

test('a removed password opens nothing, and only its owner removes it', async () => {
  const { client, userid, account } = await someone()
  const stranger = await someone()
  const phone = await client.createAppPassword({ name: 'Phone' })
  const laptop = await client.createAppPassword({ name: 'Laptop' })
  await assert.rejects(stranger.client.removeAppPassword({ id: phone.id }), { code: 'notFound' })
  assert.ok(await holderOf(userid, phone.password))
  await client.removeAppPassword({ id: phone.id })
  await assert.rejects(client.removeAppPassword({ id: phone.id }), { code: 'notFound' })
  assert.equal(await holderOf(userid, phone.password), null)
  assert.deepEqual(await holderOf(userid, laptop.password), { accountId: account.id, address: userid })
})

test('a password is right for its account alone, however it was typed', async () => {
  const { client, userid, account } = await someone()
  const other = await someone()
  await other.client.createAppPassword({ name: 'Theirs' })
  const { password: made } = await client.createAppPassword({ name: 'Mine' })
  const holder = { accountId: account.id, address: userid }
  const grouped = (blank: string) => made.replaceAll(/(.{4})(?=.)/g, `$1${blank}`)
  for (const typed of [made, grouped(' '), grouped('-'), ` ${made} `, grouped('\u00a0')])
    assert.deepEqual(await holderOf(userid, typed), holder, typed)
  assert.deepEqual(await holderOf(` ${userid.toUpperCase()} `, made), holder)
  for (const wrong of ['', ' ', made.slice(1), `${made}a`, made.toUpperCase(), password])
    assert.equal(await holderOf(userid, wrong), null, wrong)
  for (const stranger of [other.userid, 'nobody@localhost', '', userid.split('@', 1)[0]!])
    assert.equal(await holderOf(stranger, made), null, stranger)
})

test('what is as long as AUTH lets through is wrong, not an error', async () => {
  const { client, userid } = await someone()
  const { password: made } = await client.createAppPassword({ name: 'Mine' })
  const long = 'x'.repeat(12_288)
  assert.equal(await holderOf(long, made), null)
  assert.equal(await holderOf(userid, long), null)
  assert.deepEqual((await doors().showScramCredentials({ userid: long })).keys, [])
})

test('passwords of an account that nobody may sign in to are wrong, by every way in', async () => {
  const { client, userid, account } = await someone()
  const { password: made, id } = await client.createAppPassword({ name: 'Mine' })
  assert.equal((await doors().showScramCredentials({ userid })).keys.length, 1)
  await sql`update accounts set disabled_at = now() where id = ${account.id}`.execute(database.db)
  assert.equal(await holderOf(userid, made), null)
  assert.deepEqual((await doors().showScramCredentials({ userid })).keys, [])
  assert.deepEqual(await doors().noteAppPasswordUse({ userid, id }), { account: null })
})

test('what SCRAM-SHA-256 derives from a password is its key and no other', async () => {
  const { client, userid, account } = await someone()
  const phone = await client.createAppPassword({ name: 'Phone' })
  const laptop = await client.createAppPassword({ name: 'Laptop' })
  assert.equal(await provedBy(userid, phone.password), phone.id)
  assert.equal(await provedBy(userid, laptop.password), laptop.id)
  assert.equal(await provedBy(userid, 'a'.repeat(16)), undefined)
  const holder = { accountId: account.id, address: userid }
  assert.deepEqual(await doors().noteAppPasswordUse({ userid, id: laptop.id }), { account: holder })
  const [first, second] = (await client.listAppPasswords({})).items
  assert.ok(first?.lastUsedAt)
  assert.equal(second?.lastUsedAt, null)

  const stranger = await someone()
  const theirs = { userid: stranger.userid, id: laptop.id }
  assert.deepEqual(await doors().noteAppPasswordUse(theirs), { account: null })
  assert.deepEqual(await doors().noteAppPasswordUse({ userid, id: null }), { account: null })
})

test('SCRAM credentials of nobody stay the same and look like those of somebody', async () => {
  const { client, userid } = await someone()
  const ask = (name: string) => doors().showScramCredentials({ userid: name })
  const withoutPasswords = await ask(userid)
  await client.createAppPassword({ name: 'Mine' })
  const known = await ask(userid)
  const unknown = await ask('nobody@localhost')
  const looksOf = ({ salt, iterations }: typeof known) => [Buffer.from(salt, 'base64').length, iterations]
  assert.deepEqual(looksOf(known), [16, 4096])
  assert.deepEqual(looksOf(unknown), looksOf(known))
  assert.equal(known.salt, withoutPasswords.salt)
  assert.deepEqual(await ask('nobody@localhost'), unknown)
  assert.deepEqual(await ask('NOBODY@localhost'), unknown)
  const salts = [known, unknown, await ask('nobodyelse@localhost')].map(({ salt }) => salt)
  assert.equal(new Set(salts).size, 3)
})

test('only people who proved a moment ago who they are make passwords, and no key does', async () => {
  const { client, session } = await someone()
  const { key } = await client.createApiKey({ name: 'everything', scopes: ['*:read', '*:write'] })
  const held = await sessionOf(host, key)
  assert.ok(held?.kind === 'account' && held.scopes)
  const { id: sessionId, accountId, roles, isVerified, scopes } = held
  const byKey = host.client(identity, { kind: 'account', sessionId, accountId, roles, isVerified, scopes })
  await assert.rejects(byKey.createAppPassword({ name: 'x' }), { code: 'forbidden' })

  await sql`update sessions set created_at = created_at - interval '1 hour', authenticated_at = authenticated_at - interval '1 hour'
    where id = ${session.id}`.execute(database.db)
  await assert.rejects(client.createAppPassword({ name: 'x' }), { code: 'confirmationNeeded', status: 403 })
  await client.confirmIdentity({ password })
  await client.createAppPassword({ name: 'x' })
})

test('an account without a mailbox has nothing to open', async () => {
  const { client, account } = await someone()
  await sql`update accounts set userid = null, userid_skeleton = null, email = 'a@example.com' where id = ${account.id}`.execute(
    database.db,
  )
  await assert.rejects(client.createAppPassword({ name: 'x' }), { code: 'noMailbox', status: 422 })
})

test('an account has at most 50 passwords, however many are wished at once', async () => {
  const { client } = await someone()
  const wishes = Array.from({ length: 55 }, (_, i) => client.createAppPassword({ name: `program ${i}` }))
  const made = await Promise.allSettled(wishes)
  assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 50)
  for (const each of made) if (each.status === 'rejected') assert.equal(each.reason.code, 'tooManyKeys')
  assert.equal((await client.listAppPasswords({})).items.length, 50)
})

test('the database has nothing of a password that could be used', async () => {
  const { client, account } = await someone()
  const { password: made } = await client.createAppPassword({ name: 'Mine' })
  const { rows } = await sql<{ row: string }>`
    select app_passwords::text as row from app_passwords where account_id = ${account.id}`.execute(
    database.db,
  )
  assert.equal(rows.length, 1)
  assert.ok(!rows[0]!.row.includes(made))
  assert.ok(!rows[0]!.row.includes(Buffer.from(made).toString('hex')))
})

/** The key that a client with this password proves, by RFC 5802 §3. */
async function provedBy(userid: string, typed: string): Promise<string | undefined> {
  const { salt, iterations, keys } = await doors().showScramCredentials({ userid })
  const salted = pbkdf2Sync(typed, Buffer.from(salt, 'base64'), iterations, 32, 'sha256')
  const mac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const storedKey = createHash('sha256').update(mac('Client Key')).digest('base64')
  const serverKey = mac('Server Key').toString('base64')
  return keys.find((key) => key.storedKey === storedKey && key.serverKey === serverKey)?.id
}
