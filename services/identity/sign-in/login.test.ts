import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import bcrypt from 'bcrypt'
import { sql } from 'kysely'
import { identity } from '#contracts/identity.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import identityService from '#services/identity/service.ts'
import { databaseOf, password, sessionOf, signIn, signUp, tryLogin } from '#services/identity/testing.ts'

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

const anonymous = () => host.client(identity, { kind: 'anonymous' })

test('people sign in by userid, however they write it, by e-mail and by phone', async () => {
  const made = await anonymous().createProfile({
    userid: 'ann.lee@localhost',
    email: 'Ann@Example.com',
    phone: '01712345678',
    password,
    name: 'Ann',
  })
  for (const userid of [
    'ann.lee@localhost',
    'ann.lee',
    'AnnLee',
    ' ANN.LEE@LOCALHOST ',
    'ann@example.com',
    'ANN@EXAMPLE.COM',
    '+8801712345678',
    '01712-345678',
    '০১৭১২৩৪৫৬৭৮',
  ])
    assert.equal((await signIn(host, userid)).account.id, made.id, userid)
  for (const userid of ['ann_lee@localhost', 'ann@localhost', 'ann.lee@example.com', '01812345678'])
    assert.equal(await tryLogin(host, { userid, password }), 'wrongCredentials', userid)
})

test('wrong passwords and unknown accounts get one answer', async () => {
  await signUp(host, 'known@localhost')
  const { account } = await signUp(host, 'disabled@localhost')
  await sql`update accounts set disabled_at = now() where id = ${account.id}`.execute(database.db)
  const nobodys = ['unknown@localhost', 'no userid', 'known@example.com', '01912345678', '@', '+']
  const tries = ['known@localhost', ...nobodys].map((userid) => ({ userid, password: 'a wrong one' }))
  const answers = await Promise.all(
    [...tries, { userid: 'disabled@localhost', password }].map((entrance) =>
      anonymous()
        .login(entrance, { deadlineMs: 60_000 })
        .then(
          () => assert.fail('let in'),
          ({ code, status, message }) => [code, status, message].join(),
        ),
    ),
  )
  assert.deepEqual([...new Set(answers)], ['wrongCredentials,401,The userid or the password is wrong.'])
})

test('an address that one claims and another has verified opens to either, by his own password', async () => {
  const [claiming, holding] = ['a claimed address', 'a held address']
  const email = 'both@example.com'
  const people = await Promise.all(
    [claiming, holding].map((password, i) =>
      anonymous().createProfile({ userid: `both${i}x@localhost`, password, name: 'Both' }),
    ),
  )
  const [claimant, holder] = people.map(({ id }) => id)
  await sql`update accounts set email = ${email}, email_verified_at = now() where id = ${holder}`.execute(
    database.db,
  )
  await sql`update accounts set email = ${email} where id = ${claimant}`.execute(database.db)
  assert.equal((await signIn(host, email, { password: claiming })).account.id, claimant)
  assert.equal((await signIn(host, email, { password: holding })).account.id, holder)
  assert.equal(await tryLogin(host, { userid: email, password: 'neither of them' }), 'wrongCredentials')
})

test('an account without a password is not opened by any', async () => {
  const { account } = await signUp(host, 'passwordless@localhost')
  await sql`delete from passwords where account_id = ${account.id}`.execute(database.db)
  for (const given of [password, 'undefined', 'null', ' '])
    assert.equal(await tryLogin(host, { userid: account.userid!, password: given }), 'wrongCredentials')
})

test('a hash from elsewhere becomes one of ours at the first sign-in, and the password does not', async () => {
  const { account } = await signUp(host, 'imported@localhost')
  const hashNow = async () => {
    const { rows } = await sql<{ hash: string; changed: boolean }>`
      select hash, changed_at <> '2020-01-01' as changed from passwords where account_id = ${account.id}`.execute(
      database.db,
    )
    return rows[0]!
  }
  const imported = (await bcrypt.hash('from the old system', 4)).replace('2b', '2y')
  await sql`update passwords set hash = ${imported}, changed_at = '2020-01-01' where account_id = ${account.id}`.execute(
    database.db,
  )
  const entrance = { userid: account.userid!, password: 'from the old system' }
  assert.equal(await tryLogin(host, { ...entrance, password: 'another' }), 'wrongCredentials')
  assert.equal((await hashNow()).hash, imported, 'a failure changes nothing')
  const answers = await Promise.all(Array.from({ length: 6 }, () => tryLogin(host, entrance)))
  assert.ok(answers.includes('let in'))
  const { hash, changed } = await hashNow()
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.equal(changed, false)
  assert.equal(await tryLogin(host, entrance), 'let in')
})

test('a hash that nobody can check is a wrong password, not a failure of ours', async () => {
  const { account } = await signUp(host, 'unreadable@localhost')
  for (const hash of ['{SSHA}2mY7ddFzdN8Gv8zZyrDgWRZMzIy5c0Ng', '', '$argon2id$v=19$m=1,t=1,p=1$AA$AA']) {
    await sql`update passwords set hash = ${hash} where account_id = ${account.id}`.execute(database.db)
    assert.equal(await tryLogin(host, { userid: account.userid!, password }), 'wrongCredentials', hash)
  }
})

test('a session of a disabled account is none, and nobody can sign in to it', async () => {
  const { account, session } = await signUp(host, 'left@localhost')
  const disable = (isDisabled: boolean) =>
    sql`update accounts set disabled_at = ${isDisabled ? new Date() : null} where id = ${account.id}`.execute(
      database.db,
    )
  await disable(true)
  assert.equal(await sessionOf(host, session.token), null)
  assert.equal(await tryLogin(host, { userid: account.userid!, password }), 'wrongCredentials')
  await disable(false)
  assert.equal((await sessionOf(host, session.token))?.id, session.id)
})

test('a new password replaces the old one and ends the other sessions', async () => {
  const { client, session, userid } = await signUp(host, 'changes@localhost')
  const other = await signIn(host, userid)
  const newPassword = 'a small red letterbox'
  await assert.rejects(client.changePassword({ password: 'wrong', newPassword }), {
    code: 'wrongCredentials',
    status: 403,
  })
  await client.changePassword({ password, newPassword })
  assert.equal(await sessionOf(host, other.session.token), null)
  assert.equal((await sessionOf(host, session.token))?.id, session.id)
  assert.equal(await tryLogin(host, { userid, password }), 'wrongCredentials')
  await signIn(host, userid, { password: newPassword })
})

test('sign-ins that race a change of the password leave no session of the old one', async () => {
  const { client, session, userid } = await signUp(host, 'raced@localhost')
  const passwords = Array.from({ length: 11 }, (_, round) => `the password of round ${round}`)
  await client.changePassword({ password, newPassword: passwords[0]! })
  for (const [round, newPassword] of passwords.slice(1).entries()) {
    const password = passwords[round]!
    await Promise.all([
      tryLogin(host, { userid, password }),
      client.changePassword({ password, newPassword }),
      tryLogin(host, { userid, password }),
    ])
    const { items } = await client.listSessions({})
    assert.deepEqual(
      items.map(({ id }) => id),
      [session.id],
      `round ${round}`,
    )
  }
})

test('whoever waits for a hash holds no connection to the database', async () => {
  const settings = { DATABASE_POOL_SIZE: '4' }
  await using small = await testHost({ services: [identityService], settings })
  const { userid, client } = await signUp(small, 'waits@localhost')
  let signedIn = 0
  const signingIn = Array.from({ length: 12 }, async () => {
    await tryLogin(small, { userid, password })
    signedIn++
  })
  await client.listSessions({})
  assert.ok(signedIn < 6, `${signedIn} signed in first`)
  await Promise.all(signingIn)
})
