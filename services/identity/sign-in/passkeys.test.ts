import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { identity } from '#contracts/identity.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import identityService from '#services/identity/service.ts'
import {
  databaseOf,
  password,
  recordingNotifications,
  sessionOf,
  signUp,
} from '#services/identity/testing.ts'
import { addPasskey, softwareAuthenticator, turnOnTotp } from './testing.ts'

const notifications = recordingNotifications()
let host: TestHost
let database: ReturnType<typeof databaseOf>
before(async () => {
  host = await testHost({ services: [identityService, notifications.service] })
  database = databaseOf(host)
})
after(async () => {
  await database[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

type Authenticator = ReturnType<typeof softwareAuthenticator>
type Faults = Parameters<Authenticator['get']>[1]

const anonymous = () => host.client(identity, { kind: 'anonymous' })

/** By the passkey alone. */
async function enter(authenticator: Authenticator, faults: Faults = {}): Promise<string> {
  const { ticket, options } = await anonymous().startPasskeyLogin({})
  return finish(ticket, authenticator.get(options, faults))
}

const finish = (ticket: string, passkey: Record<string, unknown>) =>
  anonymous()
    .finishPasskeyLogin({ ticket, passkey })
    .then(
      ({ account }) => account.id,
      ({ code }) => code as string,
    )

test('a passkey signs its owner in, without a name and without a password', async () => {
  const { client, account } = await signUp(host, 'passkey@localhost')
  const authenticator = softwareAuthenticator({ isSynced: true })
  const { ticket, options } = await client.startPasskey({})
  const { rp, user, authenticatorSelection, excludeCredentials } = options as {
    rp: object
    user: { name: string }
    authenticatorSelection: { residentKey: string }
    excludeCredentials: object[]
  }
  assert.deepEqual(rp, { name: 'Dakghar', id: 'localhost' })
  assert.equal(user.name, 'passkey@localhost')
  assert.equal(authenticatorSelection.residentKey, 'required')
  assert.deepEqual(excludeCredentials, [])
  const made = await client.addPasskey({ ticket, name: 'My phone', passkey: authenticator.create(options) })
  assert.equal(made.recoveryCodes.length, 10)
  assert.deepEqual(
    { ...made.passkey, id: '', createdAt: '' },
    { id: '', name: 'My phone', createdAt: '', lastUsedAt: null, isSynced: true },
  )
  for (let i = 0; i < 3; i++) assert.equal(await enter(authenticator), account.id)
  const [shown] = (await client.showSecurity({})).passkeys
  assert.ok(shown!.lastUsedAt)
  assert.equal((await client.renamePasskey({ id: shown!.id, name: 'Old phone' })).name, 'Old phone')
  const { options: again } = await client.startPasskey({})
  assert.deepEqual(
    (again as { excludeCredentials: { id: string }[] }).excludeCredentials[0]!.id,
    authenticator.id,
  )
})

test('an answer that is not quite right is no proof', async () => {
  const { client, account } = await signUp(host, 'exact@localhost')
  const authenticator = softwareAuthenticator()
  await addPasskey(client, authenticator)
  const other = Buffer.alloc(16, 1).toString('base64url')
  for (const faults of [
    { origin: 'https://evil.example' },
    { origin: 'http://localhost.evil.example' },
    { origin: 'http://notlocalhost:3000' },
    { origin: 'null' },
    { rpId: 'evil.example' },
    { crossOrigin: true },
    { challenge: Buffer.alloc(32, 7).toString('base64url') },
    { isForged: true },
    { userHandle: other },
  ])
    assert.equal(await enter(authenticator, faults), 'wrongCredentials', JSON.stringify(faults))
  assert.equal(await enter(softwareAuthenticator()), 'wrongCredentials', 'nobody has it')
  const { ticket, options } = await anonymous().startPasskeyLogin({})
  const good = authenticator.get(options)
  for (const broken of [
    {},
    { id: authenticator.id },
    { ...good, response: {} },
    { ...good, type: 'password' },
    { ...good, response: { ...good.response, clientDataJSON: 'bm90IGpzb24' } },
  ])
    assert.match(await finish(ticket, broken), /wrongCredentials|ticketExpired/)
  assert.equal(
    await enter(authenticator, { origin: 'http://localhost:9999' }),
    account.id,
    'any port of localhost',
  )
})

test('of another name than localhost, only the page of the settings is ours', async () => {
  const settings = { PUBLIC_URL: 'https://post.example.com/', DOMAIN: 'example.com' }
  await using elsewhere = await testHost({ services: [identityService, notifications.service], settings })
  const { client, account } = await signUp(elsewhere, 'named@example.com')
  const authenticator = softwareAuthenticator({ origin: 'https://post.example.com' })
  await addPasskey(client, authenticator)
  const stranger = elsewhere.client(identity, { kind: 'anonymous' })
  const enter = async (faults: Faults) => {
    const { ticket, options } = await stranger.startPasskeyLogin({})
    assert.equal((options as { rpId: string }).rpId, 'post.example.com')
    return stranger.finishPasskeyLogin({ ticket, passkey: authenticator.get(options, faults) }).then(
      ({ account }) => account.id,
      ({ code }) => code as string,
    )
  }
  assert.equal(await enter({}), account.id)
  for (const origin of ['http://post.example.com', 'https://post.example.com:444', 'http://localhost:3000'])
    assert.equal(await enter({ origin }), 'wrongCredentials', origin)
})

test('a challenge is answered once', async () => {
  const { client, account } = await signUp(host, 'replayed@localhost')
  const authenticator = softwareAuthenticator({ counts: false })
  await addPasskey(client, authenticator)
  const { ticket, options } = await anonymous().startPasskeyLogin({})
  const passkey = authenticator.get(options)
  const answers = await Promise.all(Array.from({ length: 5 }, () => finish(ticket, passkey)))
  assert.equal(answers.filter((answer) => answer === account.id).length, 1)
  assert.equal(await finish(ticket, passkey), 'ticketExpired')
  const other = await anonymous().startPasskeyLogin({})
  assert.equal(await finish(other.ticket, passkey), 'wrongCredentials', 'nor for another one')
})

test('a counter that goes back is that of a copy', async () => {
  const { client, account } = await signUp(host, 'copied@localhost')
  const authenticator = softwareAuthenticator()
  await addPasskey(client, authenticator)
  assert.equal(await enter(authenticator, { counter: 10 }), account.id)
  for (const counter of [10, 9, 0])
    assert.equal(await enter(authenticator, { counter }), 'wrongCredentials', `${counter}`)
  const both = await Promise.all([
    enter(authenticator, { counter: 11 }),
    enter(authenticator, { counter: 11 }),
  ])
  assert.equal(both.filter((answer) => answer === account.id).length, 1, 'two with one count at once')
})

test('alone it has to verify its owner, after a password it need not', async () => {
  const { client, account, userid } = await signUp(host, 'unverified@localhost')
  const authenticator = softwareAuthenticator({ verifiesUser: false })
  await addPasskey(client, authenticator)
  assert.equal(await enter(authenticator), 'wrongCredentials')
  const answer = await anonymous().login({ userid, password })
  assert.ok('ticket' in answer)
  assert.deepEqual(answer.methods, ['passkey', 'recoveryCode'])
  const { ticket, passkeyOptions } = answer
  const signedIn = await anonymous().finishLogin({ ticket, passkey: authenticator.get(passkeyOptions!) })
  assert.equal(signedIn.account.id, account.id)
  assert.ok(await sessionOf(host, signedIn.token))
})

test('after a password, a passkey of somebody else is none', async () => {
  const [one, two] = [await signUp(host, 'first@localhost'), await signUp(host, 'second@localhost')]
  const [mine, theirs] = [softwareAuthenticator(), softwareAuthenticator()]
  await addPasskey(one.client, mine)
  await addPasskey(two.client, theirs)
  const answer = await anonymous().login({ userid: one.userid, password })
  assert.ok('ticket' in answer)
  const { ticket, passkeyOptions } = answer
  await assert.rejects(anonymous().finishLogin({ ticket, passkey: theirs.get(passkeyOptions!) }), {
    code: 'wrongCredentials',
  })
  const { ticket: alone } = await anonymous().startPasskeyLogin({})
  await assert.rejects(anonymous().finishLogin({ ticket: alone, passkey: mine.get(passkeyOptions!) }), {
    code: 'ticketExpired',
  })
})

test('what is not made as asked is not kept', async () => {
  const { client, account } = await signUp(host, 'refused@localhost')
  const authenticator = softwareAuthenticator()
  const make = async (faults: Faults) => {
    const { ticket, options } = await client.startPasskey({})
    return client.addPasskey({ ticket, name: 'Key', passkey: authenticator.create(options, faults) })
  }
  for (const faults of [
    { origin: 'https://evil.example' },
    { rpId: 'evil.example' },
    { challenge: Buffer.alloc(32).toString('base64url') },
    { crossOrigin: true },
  ])
    await assert.rejects(make(faults), { code: 'passkeyRefused', status: 422 }, JSON.stringify(faults))
  const stranger = await signUp(host, 'stranger@localhost')
  const { ticket, options } = await stranger.client.startPasskey({})
  const passkey = authenticator.create(options)
  await assert.rejects(client.addPasskey({ ticket, name: 'Key', passkey }), { code: 'ticketExpired' })
  await make({})
  await assert.rejects(make({}), { code: 'passkeyRefused' }, 'it is known already')
  const theirs = await stranger.client.startPasskey({})
  const again = { ticket: theirs.ticket, name: 'Key', passkey: authenticator.create(theirs.options) }
  await assert.rejects(stranger.client.addPasskey(again), { code: 'passkeyRefused' })
  assert.equal((await client.showSecurity({})).passkeys.length, 1)
  assert.ok(account)
})

test('the last way in is not taken away', async () => {
  const { client, account, userid } = await signUp(host, 'lastway@localhost')
  const [one, two] = [softwareAuthenticator(), softwareAuthenticator()]
  await addPasskey(client, one)
  await addPasskey(client, two)
  await turnOnTotp(client)
  await sql`delete from passwords where account_id = ${account.id}`.execute(database.db)
  const [first, second] = (await client.showSecurity({})).passkeys.map(({ id }) => id) as [string, string]
  const both = await Promise.allSettled([first, second].map((id) => client.removePasskey({ id })))
  assert.deepEqual(
    both.map(({ status }) => status).toSorted(),
    ['fulfilled', 'rejected'],
    'not even two at once',
  )
  const [left] = (await client.showSecurity({})).passkeys
  await assert.rejects(client.removePasskey({ id: left!.id }), { code: 'lastWayIn', status: 409 })
  await assert.rejects(client.removePasskey({ id: account.id }), { code: 'notFound' })
  const kept = left!.id === first ? one : two
  assert.equal(await enter(kept), account.id)
  assert.equal(await enter(kept === one ? two : one), 'wrongCredentials')
  assert.ok(userid)
})

test('a passkey of one is not removed or renamed by another', async () => {
  const [one, two] = [await signUp(host, 'keyowner@localhost'), await signUp(host, 'intruder@localhost')]
  const { passkey } = await addPasskey(one.client, softwareAuthenticator())
  await assert.rejects(two.client.removePasskey({ id: passkey.id }), { code: 'notFound' })
  await assert.rejects(two.client.renamePasskey({ id: passkey.id, name: 'Mine' }), { code: 'notFound' })
})

test('a passkey confirms who makes a call', async () => {
  const { client, session } = await signUp(host, 'confirms@localhost')
  const [authenticator, stranger] = [softwareAuthenticator(), softwareAuthenticator()]
  await addPasskey(client, authenticator)
  const other = await signUp(host, 'confirms.not@localhost')
  await addPasskey(other.client, stranger)
  await sql`update sessions set authenticated_at = now() - interval '1 hour' where id = ${session.id}`.execute(
    database.db,
  )
  const { ticket, options } = await client.startPasskey({ purpose: 'confirm' })
  await assert.rejects(client.confirmIdentity({ ticket, passkey: stranger.get(options) }), {
    code: 'wrongCredentials',
  })
  const passkey = authenticator.get(options)
  await assert.rejects(other.client.confirmIdentity({ ticket, passkey }), { code: 'wrongCredentials' })
  await client.confirmIdentity({ ticket, passkey })
  assert.ok((await client.showSecurity({})).freshUntil)
  await assert.rejects(client.confirmIdentity({ ticket, passkey }), { code: 'wrongCredentials' })
})

test('nobody signs in by passkey to an account that is disabled', async () => {
  const { client, account } = await signUp(host, 'left@localhost')
  const authenticator = softwareAuthenticator()
  await addPasskey(client, authenticator)
  await sql`update accounts set disabled_at = now() where id = ${account.id}`.execute(database.db)
  assert.equal(await enter(authenticator), 'wrongCredentials')
})
