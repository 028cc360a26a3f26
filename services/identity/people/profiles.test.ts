import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { identity } from '#contracts/identity.ts'
import type { Identity } from '#platform/identity.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import identityService from '#services/identity/service.ts'
import { password, signUp } from '#services/identity/testing.ts'

let host: TestHost
before(async () => {
  host = await testHost({ services: [identityService] })
})
after(() => host[Symbol.asyncDispose]())

const anonymous = () => host.client(identity, { kind: 'anonymous' })

test('an account is made once, as a customer', async () => {
  const { client, account } = await signUp(host, 'Once@localhost')
  assert.equal(account.userid, 'once@localhost')
  assert.deepEqual(account.roles, ['customer'])
  assert.deepEqual([account.isEmailVerified, account.isPhoneVerified], [false, false])
  assert.deepEqual(await client.showMe({}), account)
  for (const taken of ['ONCE', 'o.n.c.e@localhost', '0nce'])
    await assert.rejects(anonymous().createProfile({ userid: taken, password, name: 'Other' }), {
      code: 'useridTaken',
    })
})

test('of many who want userids that look alike at once, one gets his', async () => {
  for (let round = 0; round < 10; round++) {
    const userids = [`wanted${round}x`, `w.anted${round}x`, `wanted-${round}-x`, `vvanted${round}x`]
    const answers = await Promise.allSettled(
      userids.map((userid) => anonymous().createProfile({ userid, password, name: 'One' })),
    )
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1, `round ${round}`)
  }
})

test('what is no profile is refused, field by field', async () => {
  const good = { userid: 'field', password, name: 'Field', email: 'field@example.com', phone: '01712345678' }
  const bad = {
    userid: ['field@example.com', 'f', 'postmaster', 'a b'],
    password: ['short', 'password1', 'aaaaaaaaaaaa', 'field12', 'Letmein123'],
    name: [' '],
    email: ['none', 'a@b'],
    phone: ['123456', 'no number'],
  }
  for (const [field, values] of Object.entries(bad))
    for (const value of values)
      await assert.rejects(
        anonymous().createProfile({ ...good, [field]: value }),
        ({ code, fields }: { code: string; fields?: { path: string }[] }) =>
          code === 'invalid' && fields?.[0]?.path === field,
        `${field}: ${value}`,
      )
  const { userid: _, email: __, ...nowhere } = good
  await assert.rejects(anonymous().createProfile(nowhere), { code: 'invalid' })
})

test('whether a userid can be had is told, and why not', async () => {
  await anonymous().createProfile({ userid: 'is.there', password, name: 'There' })
  const problems: Record<string, string | null> = {
    'is.free': null,
    'is.there': 'taken',
    isthere: 'taken',
    postmaster: 'reserved',
    'xy@elsewhere.example': 'foreignDomain',
    'x y': 'malformed',
  }
  for (const [userid, problem] of Object.entries(problems))
    assert.equal((await anonymous().checkUserid({ userid })).problem, problem, userid)
})

test('people change what is known of them', async () => {
  const { client } = await signUp(host, 'changes')
  const changed = await client.changeProfile({
    name: ' Nasrin ',
    language: 'bn',
    timeZone: 'Europe/Berlin',
    email: 'Nasrin@Example.com',
    phone: '01812345678',
  })
  assert.deepEqual(
    [changed.name, changed.language, changed.timeZone, changed.email, changed.phone],
    ['Nasrin', 'bn', 'Europe/Berlin', 'nasrin@example.com', '+8801812345678'],
  )
  assert.equal((await client.changeProfile({ phone: null })).phone, null)
  assert.equal((await client.showMe({})).email, 'nasrin@example.com', 'what is not named stays')
  await assert.rejects(client.changeProfile({ timeZone: 'Mars/Olympus' }), { code: 'invalid' })
  await assert.rejects(client.changeProfile({ phone: '12345' }), { code: 'invalid' })
})

test('who has no mailbox keeps an e-mail address', async () => {
  const account = await anonymous().createProfile({ email: 'only@example.com', password, name: 'Only' })
  const as: Identity = { kind: 'account', accountId: account.id, sessionId: account.id, roles: ['customer'] }
  await assert.rejects(host.client(identity, as).changeProfile({ email: null }), { code: 'invalid' })
})

test('preferences are kept, and security is not to be turned off', async () => {
  const { client, account } = await signUp(host, 'prefers')
  const before = await client.showPreferences({})
  assert.deepEqual(before.topics.news, { email: true, push: true })
  const none = { email: false, push: false }
  const quietHours = { from: '22:00', to: '07:00' }
  const topics = { security: none, mail: none, chat: none, orders: none, news: none }
  const kept = await client.changePreferences({ topics, quietHours })
  assert.deepEqual(kept.topics.security, { email: true, push: true })
  assert.deepEqual(await client.showPreferences({}), kept)
  const recipient = await host.client(identity).showRecipient({ accountId: account.id })
  assert.deepEqual(recipient.preferences, kept)
  await assert.rejects(client.showRecipient({ accountId: account.id }), { code: 'forbidden' })
})
