import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { identity } from '#contracts/identity.ts'
import type { Identity, Role } from '#platform/identity.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { maySetRoles, normalizedUserid } from './accounts.ts'
import { sessionOf, signUp } from './testing.ts'
import identityService from './service.ts'

let host: TestHost
before(async () => {
  host = await testHost({ services: [identityService] })
})
after(() => host[Symbol.asyncDispose]())

test('a userid is a mailbox of the domain in lower case', () => {
  const userids: Record<string, string | undefined> = {
    'ann@localhost': 'ann@localhost',
    ' Ann.Lee@LocalHost ': 'ann.lee@localhost',
    'a_b-c9@localhost': 'a_b-c9@localhost',
    ann: undefined,
    '@localhost': undefined,
    'ann@example.com': undefined,
    'ann@localhost@localhost': undefined,
    '.ann@localhost': undefined,
    'ann.@localhost': undefined,
    'a..n@localhost': undefined,
    'ann lee@localhost': undefined,
    'änn@localhost': undefined,
    [`${'a'.repeat(65)}@localhost`]: undefined,
  }
  for (const [given, userid] of Object.entries(userids))
    assert.equal(normalizedUserid(given, 'localhost'), userid, given)
})

test('an account is made once, as a customer, and signs in', async () => {
  const { client, account } = await signUp(host, 'Once@localhost')
  assert.equal(account.userid, 'once@localhost')
  assert.deepEqual(account.roles, ['customer'])
  await assert.rejects(signUp(host, 'ONCE@localhost'), { code: 'useridTaken' })
  assert.deepEqual(await client.showMe({}), account)
})

test('of many who want a userid at once, one gets it', async () => {
  const answers = await Promise.allSettled(
    Array.from({ length: 8 }, () =>
      host.client(identity).createProfile({ userid: 'wanted@localhost', password: 'password', name: 'One' }),
    ),
  )
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1)
})

test('what is no profile is refused, field by field', async () => {
  const anonymous = host.client(identity, { kind: 'anonymous' })
  const good = { userid: 'field@localhost', password: 'long enough', name: 'Field' }
  const bad = { userid: 'field@example.com', password: 'short', name: ' ' }
  for (const [field, value] of Object.entries(bad))
    await assert.rejects(
      anonymous.createProfile({ ...good, [field]: value }),
      ({ code, fields }: { code: string; fields: { path: string }[] }) =>
        code === 'invalid' && fields[0]?.path === field,
      field,
    )
})

test('wrong passwords and unknown accounts get one answer', async () => {
  await signUp(host, 'known@localhost')
  const anonymous = host.client(identity, { kind: 'anonymous' })
  const messages = await Promise.all(
    ['known@localhost', 'unknown@localhost', 'no userid', 'known@example.com'].map((userid) =>
      anonymous.login({ userid, password: 'a wrong one' }).then(
        () => assert.fail('let in'),
        ({ code, status, message }) => [code, status, message].join(),
      ),
    ),
  )
  assert.equal(new Set(messages).size, 1, messages.join('\n'))
})

test('a new password replaces the old one and ends the other sessions', async () => {
  const { client, session, userid } = await signUp(host, 'changes@localhost')
  const anonymous = host.client(identity, { kind: 'anonymous' })
  const other = await anonymous.login({ userid, password: 'password' })
  await assert.rejects(client.changePassword({ password: 'wrong', newPassword: 'new password' }), {
    code: 'wrongCredentials',
    status: 403,
  })
  await client.changePassword({ password: 'password', newPassword: 'new password' })
  assert.equal(await sessionOf(host, other.token), null)
  assert.equal((await sessionOf(host, session.token))?.id, session.id)
  await assert.rejects(anonymous.login({ userid, password: 'password' }), { code: 'wrongCredentials' })
  await anonymous.login({ userid, password: 'new password' })
})

test('sign-ins that race a change of the password leave no session of the old one', async () => {
  const { client, session, userid } = await signUp(host, 'raced@localhost')
  const anonymous = host.client(identity, { kind: 'anonymous' })
  const passwords = Array.from({ length: 11 }, (_, round) => `password ${round}`)
  await client.changePassword({ password: 'password', newPassword: passwords[0]! })
  for (const [round, newPassword] of passwords.slice(1).entries()) {
    const password = passwords[round]!
    await Promise.allSettled([
      anonymous.login({ userid, password }),
      client.changePassword({ password, newPassword }),
      anonymous.login({ userid, password }),
    ])
    const { items } = await client.listSessions({})
    assert.deepEqual(
      items.map(({ id }) => id),
      [session.id],
      `round ${round}`,
    )
  }
})

test('only an owner or a service makes and unmakes owners', () => {
  const as = (...roles: Role[]): Identity => ({ kind: 'account', accountId: '', sessionId: '', roles })
  const service: Identity = { kind: 'service', name: 'test' }
  assert.equal(maySetRoles(as('admin'), ['customer'], ['admin']), true)
  assert.equal(maySetRoles(as('admin'), ['customer'], ['owner']), false)
  assert.equal(maySetRoles(as('admin'), ['owner'], ['customer']), false)
  assert.equal(maySetRoles(as('admin'), ['owner'], ['owner', 'staff']), true)
  for (const identity of [as('owner'), service])
    for (const roles of [['owner'], ['customer']] as Role[][])
      assert.equal(maySetRoles(identity, roles, ['admin', 'owner']), true)
})

test('roles are set by admins and show at once', async () => {
  const { account, client, session } = await signUp(host, 'promoted@localhost')
  const change = { accountId: account.id, roles: ['admin', 'staff', 'admin'] as Role[] }
  await assert.rejects(client.setRoles(change), { code: 'forbidden' })
  assert.deepEqual((await host.client(identity).setRoles(change)).roles, ['admin', 'staff'])
  assert.deepEqual((await sessionOf(host, session.token))?.roles, ['admin', 'staff'])
  const unknown = { ...change, accountId: '019a0000-0000-7000-8000-000000000000' }
  await assert.rejects(host.client(identity).setRoles(unknown), { code: 'notFound' })
})
