import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { identity } from '#contracts/identity.ts'
import { notifications } from '#contracts/notifications.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import identityService from '#services/identity/service.ts'
import { password, sessionOf, signIn, tryLogin } from '#services/identity/testing.ts'
import notificationsService from '#services/notifications/service.ts'
import { messagesTo, tokenFor } from './messages.ts'

const publicUrl = 'https://post.example'
let host: TestHost
before(async () => {
  host = await testHost({
    services: [identityService, notificationsService],
    settings: { PUBLIC_URL: `${publicUrl}/` },
  })
})
after(() => host[Symbol.asyncDispose]())

const anonymous = () => host.client(identity, { kind: 'anonymous' })
const newPassword = 'seven blue envelopes'

test('a forgotten password is set anew with the link, once, and every session ends', async () => {
  const { id } = await anonymous().createProfile({ password, name: 'Ann', email: 'forgets@example.com' })
  const { session } = await signIn(host, 'forgets@example.com')
  await anonymous().forgotPassword({ userid: 'Forgets@example.com' })
  const [message] = await messagesTo(host, id, 'password_reset')
  assert.ok(message!.text.includes(`${publicUrl}/reset-password?token=`), message!.text)
  const token = await tokenFor(host, id, 'password_reset')

  const invalid = (code: string) => (error: { code: string }) => error.code === code
  await assert.rejects(anonymous().resetPassword({ token, password: 'password1' }), invalid('invalid'))
  const outcomes = await Promise.allSettled(
    Array.from({ length: 5 }, () => anonymous().resetPassword({ token, password: newPassword })),
  )
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  await assert.rejects(anonymous().resetPassword({ token, password: newPassword }), invalid('linkExpired'))
  assert.equal(await sessionOf(host, session.token), null)
  assert.equal(await tryLogin(host, { userid: 'forgets@example.com', password }), 'wrongCredentials')
  const { account } = await signIn(host, 'forgets@example.com', { password: newPassword })
  assert.equal(account.isEmailVerified, true, 'who used the link has read what was sent there')
  await messagesTo(host, id, 'password_changed')
})

test('a link is over after its time', async () => {
  const { id } = await anonymous().createProfile({ password, name: 'Ann', email: 'late@example.com' })
  await anonymous().forgotPassword({ userid: 'late@example.com' })
  const token = await tokenFor(host, id, 'password_reset')
  await using database = openDatabase({ url: host.databaseUrl })
  const db = database.forService('identity')
  const { rows } = await sql<{ minutes: number }>`
    select extract(epoch from expires_at - created_at)::float8 / 60 as minutes from codes
    where account_id = ${id} and purpose = 'reset'`.execute(db)
  assert.equal(Math.round(rows[0]!.minutes), 30)
  await sql`update codes set expires_at = now() where account_id = ${id}`.execute(db)
  await assert.rejects(anonymous().resetPassword({ token, password: newPassword }), { code: 'linkExpired' })
})

test('nothing tells whether somebody is known, and nobody is sent more than one link a minute', async () => {
  const { id } = await anonymous().createProfile({ password, name: 'Ann', email: 'many@example.com' })
  for (const userid of ['many@example.com', 'nobody@example.com', 'nobody', '!', 'many@example.com'])
    assert.equal(await anonymous().forgotPassword({ userid }), null)
  await messagesTo(host, id, 'password_reset')
  // What was asked later has been dealt with when a later one's message is there.
  const last = await anonymous().createProfile({ password, name: 'Ann', email: 'last@example.com' })
  await anonymous().forgotPassword({ userid: 'last@example.com' })
  await messagesTo(host, last.id, 'password_reset')
  const { items } = await host.client(notifications).listNotifications({ accountId: id })
  assert.equal(items.filter(({ template }) => template === 'password_reset').length, 1)
})

test('a link goes to a verified address first', async () => {
  const phone = '01712345010'
  const { id } = await anonymous().createProfile({
    password,
    name: 'Ann',
    email: 'mistyped@example.com',
    phone,
  })
  const { text } = (await messagesTo(host, id, 'verify_phone'))[0]!
  await anonymous().verifyPhoneNumber({ userid: phone, otp: /\d{6}/.exec(text)![0] })
  await anonymous().forgotPassword({ userid: phone })
  const [message] = await messagesTo(host, id, 'password_reset')
  assert.equal(message!.recipient, '+8801712345010')
})
