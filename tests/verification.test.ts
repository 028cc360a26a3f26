import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { identity } from '#contracts/identity.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import identityService from '#services/identity/service.ts'
import { password, sessionOf, signIn } from '#services/identity/testing.ts'
import notificationsService from '#services/notifications/service.ts'
import { codeFor, messagesTo, tokenFor } from './messages.ts'

let host: TestHost
before(async () => {
  host = await testHost({ services: [identityService, notificationsService] })
})
after(() => host[Symbol.asyncDispose]())

const anonymous = () => host.client(identity, { kind: 'anonymous' })

async function signUpWith(address: { email?: string; phone?: string; userid?: string }) {
  return anonymous().createProfile({ password, name: 'Somebody', ...address })
}

/** Makes it look as if the codes had been sent a minute ago. */
async function passAMinute(accountId: string) {
  await using database = openDatabase({ url: host.databaseUrl })
  await sql`update codes set created_at = created_at - interval '61 s' where account_id = ${accountId}`.execute(
    database.forService('identity'),
  )
}

test('a phone number is verified by the code in the SMS, once', async () => {
  const account = await signUpWith({ userid: 'phoned', phone: '01712345001' })
  assert.deepEqual([account.phone, account.isPhoneVerified], ['+8801712345001', false])
  const otp = await codeFor(host, account.id, 'verify_phone')
  const { client, session } = await signIn(host, 'phoned')
  const before = await sessionOf(host, session.token)
  assert.ok(before?.kind === 'account' && !before.isVerified)
  await anonymous().verifyPhoneNumber({ userid: 'phoned@localhost', otp })
  assert.equal((await client.showMe({})).isPhoneVerified, true)
  const after = await sessionOf(host, session.token)
  assert.ok(after?.kind === 'account' && after.isVerified, 'whoever asks for the session hears of it')
  await assert.rejects(anonymous().verifyPhoneNumber({ userid: 'phoned', otp }), { code: 'wrongCode' })
})

test('an e-mail address is verified by its code, or by the link alone, once', async () => {
  const byCode = await signUpWith({ email: 'by.code@example.com' })
  const otp = await codeFor(host, byCode.id, 'verify_email')
  const bengali = otp.replaceAll(/\d/g, (digit) => String.fromCharCode(0x9e6 + Number(digit)))
  await anonymous().verifyEmail({ userid: 'By.Code@example.com', otp: ` ${bengali} ` })
  const byLink = await signUpWith({ email: 'by.link@example.com' })
  const token = await tokenFor(host, byLink.id, 'verify_email')
  await anonymous().verifyEmail({ token })
  await assert.rejects(anonymous().verifyEmail({ token }), { code: 'wrongCode' })
  for (const email of ['by.code@example.com', 'by.link@example.com'])
    assert.equal((await signIn(host, email)).account.isEmailVerified, true)
})

test('a code is guessed five times and no more, however many guess at once', async () => {
  const account = await signUpWith({ userid: 'guessed', phone: '01712345002' })
  const otp = await codeFor(host, account.id, 'verify_phone')
  const wrong = Array.from({ length: 30 }, (_, i) =>
    String((Number(otp) + 1 + i) % 1_000_000).padStart(6, '0'),
  )
  const outcomes = await Promise.all(
    wrong.map((guess) =>
      anonymous()
        .verifyPhoneNumber({ userid: 'guessed', otp: guess })
        .then(
          () => 'verified',
          ({ code }) => code as string,
        ),
    ),
  )
  assert.deepEqual(new Set(outcomes), new Set(['wrongCode']))
  await assert.rejects(anonymous().verifyPhoneNumber({ userid: 'guessed', otp }), { code: 'wrongCode' })
})

test('of those who use a right code at once, one succeeds', async () => {
  for (let round = 0; round < 10; round++) {
    const account = await signUpWith({ email: `once${round}@example.com` })
    const token = await tokenFor(host, account.id, 'verify_email')
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, () => anonymous().verifyEmail({ token })),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1, `round ${round}`)
  }
})

test('a new code is sent after a minute, and the old one counts no more', async () => {
  const account = await signUpWith({ userid: 'again', phone: '01712345003' })
  const first = await codeFor(host, account.id, 'verify_phone')
  const { client } = await signIn(host, 'again')
  await assert.rejects(
    client.sendVerificationCode({ channel: 'phone' }),
    ({ code, retryAfterSeconds }: { code: string; retryAfterSeconds: number }) =>
      code === 'tooManyRequests' && retryAfterSeconds > 30 && retryAfterSeconds <= 60,
  )
  await assert.rejects(client.sendVerificationCode({ channel: 'email' }), { code: 'nothingToVerify' })
  await passAMinute(account.id)
  const sent = await Promise.allSettled(
    Array.from({ length: 5 }, () => client.sendVerificationCode({ channel: 'phone' })),
  )
  assert.equal(sent.filter(({ status }) => status === 'fulfilled').length, 1)
  const second = await codeFor(host, account.id, 'verify_phone', 2)
  if (first !== second)
    await assert.rejects(anonymous().verifyPhoneNumber({ userid: 'again', otp: first }), {
      code: 'wrongCode',
    })
  await anonymous().verifyPhoneNumber({ userid: 'again', otp: second })
  await assert.rejects(client.sendVerificationCode({ channel: 'phone' }), { code: 'nothingToVerify' })
})

test('a code of one address does not verify another', async () => {
  const account = await signUpWith({ userid: 'moves', phone: '01712345004' })
  const otp = await codeFor(host, account.id, 'verify_phone')
  const { client } = await signIn(host, 'moves')
  await client.changeProfile({ phone: '01712345005' })
  await assert.rejects(anonymous().verifyPhoneNumber({ userid: 'moves', otp }), { code: 'wrongCode' })
  assert.equal((await client.showMe({})).isPhoneVerified, false)
})

test('whoever has verified an address keeps it and is told who else names it; a claim that is not verified moves on', async () => {
  const holder = await signUpWith({ email: 'shared@example.com' })
  await anonymous().verifyEmail({ token: await tokenFor(host, holder.id, 'verify_email') })
  const other = await signUpWith({ email: 'SHARED@example.com' })
  assert.deepEqual(
    [other.email, other.isEmailVerified],
    ['shared@example.com', false],
    'the answer does not tell',
  )
  await messagesTo(host, holder.id, 'account_exists')
  const token = await tokenFor(host, other.id, 'verify_email')
  await assert.rejects(anonymous().verifyEmail({ token }), { code: 'wrongCode' })

  const first = await signUpWith({ email: 'claimed@example.com' })
  const firstToken = await tokenFor(host, first.id, 'verify_email')
  const second = await signUpWith({ email: 'claimed@example.com' })
  await assert.rejects(anonymous().verifyEmail({ token: firstToken }), { code: 'wrongCode' })
  await anonymous().verifyEmail({ token: await tokenFor(host, second.id, 'verify_email') })
})

test('unknown people and unknown codes get one answer', async () => {
  await signUpWith({ userid: 'known', phone: '01712345006' })
  const answers = await Promise.all(
    ['known', 'unknown', '01799999999', 'nobody@example.com', '!'].map((userid) =>
      anonymous()
        .verifyPhoneNumber({ userid, otp: '000000' })
        .then(
          () => assert.fail('verified'),
          ({ code, status, message }) => [code, status, message].join(),
        ),
    ),
  )
  assert.equal(new Set(answers).size, 1, answers.join('\n'))
})
