import { eventually } from '#platform/testing/eventually.ts'
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
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
import { codeOf, earlyInStep, turnOnTotp } from './testing.ts'

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

beforeEach(earlyInStep)

const anonymous = () => host.client(identity, { kind: 'anonymous' })

/** The ticket of somebody whose password was right. */
async function halfIn(userid: string) {
  const answer = await anonymous().login({ userid, password })
  assert.ok('ticket' in answer, 'was let in at once')
  return answer
}

const finish = (ticket: string, shown: { totp?: string; recoveryCode?: string }) =>
  anonymous()
    .finishLogin({ ticket, ...shown })
    .then(
      () => 'let in',
      ({ code }) => code as string,
    )

const nextStep = () =>
  sql`update totp_secrets set last_step = last_step - 2`.execute(database.db).then(() => undefined)

test('codes of an app are asked for once one was confirmed', async () => {
  const { client, userid, account } = await signUp(host, 'totp@localhost')
  const { secret, uri } = await client.startTotp({})
  assert.match(uri, /^otpauth:\/\/totp\/Dakghar:totp%40localhost\?/)
  assert.equal(new URL(uri).searchParams.get('secret'), secret)
  assert.ok('token' in (await anonymous().login({ userid, password })), 'it counts not yet')
  await assert.rejects(client.confirmTotp({ code: codeOf(secret, 5) }), { code: 'wrongCode', status: 422 })
  assert.equal((await client.showSecurity({})).totpSince, null)
  const { recoveryCodes } = await client.confirmTotp({ code: codeOf(secret) })
  assert.equal(recoveryCodes.length, 10)
  const shown = await client.showSecurity({})
  assert.ok(Math.abs(Date.parse(shown.totpSince!) - Date.now()) < 10_000)
  assert.equal(shown.recoveryCodesLeft, 10)
  const { ticket, methods, passkeyOptions } = await halfIn(userid)
  assert.deepEqual({ methods, passkeyOptions }, { methods: ['totp', 'recoveryCode'], passkeyOptions: null })
  await nextStep()
  const answer = await anonymous().finishLogin({ ticket, totp: codeOf(secret) })
  assert.equal(answer.account.id, account.id)
  assert.ok(await sessionOf(host, answer.token))
  const stored = await sql<{ text: string }>`select totp_secrets::text as text from totp_secrets`.execute(
    database.db,
  )
  assert.ok(stored.rows.every(({ text }) => !text.includes(secret)))
  await eventually(() =>
    notifications.sent.some(
      ({ template, variables }) => template === 'second_factor_changed' && variables?.change === 'totpOn',
    ),
  )
})

test('a code counts one step before and after its own, in Bengali digits and with a space too', async () => {
  const { client, userid } = await signUp(host, 'steps@localhost')
  const { secret } = await turnOnTotp(client)
  const bengali = (code: string) =>
    code.replaceAll(/\d/g, (digit) => String.fromCharCode(0x9e6 + Number(digit)))
  const forget = () => sql`update totp_secrets set last_step = 0`.execute(database.db)
  for (const [steps, form, answer] of [
    [-1, String, 'let in'],
    [0, bengali, 'let in'],
    [1, (code: string) => `${code.slice(0, 3)} ${code.slice(3)}`, 'let in'],
    [3, String, 'wrongCredentials'],
    [-3, String, 'wrongCredentials'],
  ] as const) {
    await forget()
    const { ticket } = await halfIn(userid)
    assert.equal(await finish(ticket, { totp: form(codeOf(secret, steps)) }), answer, `${steps}`)
  }
  for (const totp of ['', '000000x', '12345', 'abcdef']) {
    const { ticket } = await halfIn(userid)
    assert.equal(await finish(ticket, { totp }), 'wrongCredentials', totp)
  }
})

test('a code is good once, however many use it at once', async () => {
  const { client, userid } = await signUp(host, 'once@localhost')
  const { secret } = await turnOnTotp(client)
  for (let round = 0; round < 5; round++) {
    await nextStep()
    const totp = codeOf(secret)
    const tickets = await Promise.all(Array.from({ length: 6 }, () => halfIn(userid)))
    const answers = await Promise.all(tickets.map(({ ticket }) => finish(ticket, { totp })))
    assert.deepEqual(answers.toSorted(), ['let in', ...Array<string>(5).fill('wrongCredentials')])
    const { ticket } = await halfIn(userid)
    assert.equal(await finish(ticket, { totp }), 'wrongCredentials', 'nor is it later')
    assert.equal(await finish(ticket, { totp: codeOf(secret, -1) }), 'wrongCredentials', 'nor an older one')
  }
})

test('a ticket is good for five tries, for one sign-in, for five minutes', async () => {
  const { client, userid } = await signUp(host, 'ticket@localhost')
  const { secret } = await turnOnTotp(client)
  const tried = await halfIn(userid)
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => finish(tried.ticket, { totp: codeOf(secret, 7) })),
  )
  assert.equal(answers.filter((code) => code === 'wrongCredentials').length, 5)
  assert.equal(answers.filter((code) => code === 'ticketExpired').length, 15)
  assert.equal(await finish(tried.ticket, { totp: codeOf(secret) }), 'ticketExpired')

  const raced = await halfIn(userid)
  const [code, next] = [codeOf(secret), codeOf(secret, 1)]
  const both = await Promise.all([finish(raced.ticket, { totp: code }), finish(raced.ticket, { totp: next })])
  assert.equal(both.filter((answer) => answer === 'let in').length, 1, both.join())

  const late = await halfIn(userid)
  await sql`update tickets set expires_at = now()`.execute(database.db)
  await sql`update totp_secrets set last_step = 0`.execute(database.db)
  assert.equal(await finish(late.ticket, { totp: codeOf(secret) }), 'ticketExpired')
  assert.equal(await finish('A'.repeat(43), { totp: codeOf(secret) }), 'ticketExpired')
})

test('a ticket opens nothing but the account it was given for', async () => {
  const [one, two] = [await signUp(host, 'mine@localhost'), await signUp(host, 'theirs@localhost')]
  const { secret } = await turnOnTotp(one.client)
  await turnOnTotp(two.client)
  await sql`update totp_secrets set last_step = 0`.execute(database.db)
  const { ticket } = await halfIn(two.userid)
  assert.equal(await finish(ticket, { totp: codeOf(secret) }), 'wrongCredentials')
})

test('a new password ends sign-ins that wait for their second factor', async () => {
  const { client, userid } = await signUp(host, 'waiting@localhost')
  const { recoveryCodes } = await turnOnTotp(client)
  const { ticket } = await halfIn(userid)
  await client.changePassword({ password, newPassword: 'another tall postbox' })
  assert.equal(await finish(ticket, { recoveryCode: recoveryCodes[0]! }), 'ticketExpired')
})

test('whoever knows the password does not guess the code', async () => {
  const { client, userid, account } = await signUp(host, 'guessed@localhost')
  const { secret, recoveryCodes } = await turnOnTotp(client)
  const tries = async () => {
    const { rows } = await sql<{ factors: number }>`
      select factors from sign_in_failures where account_id = ${account.id}`.execute(database.db)
    return rows[0]?.factors
  }
  const first = await halfIn(userid)
  for (let i = 0; i < 4; i++) await finish(first.ticket, { totp: '000000' })
  assert.equal(await tries(), 4)
  await nextStep()
  assert.equal(await finish(first.ticket, { totp: codeOf(secret) }), 'let in')
  assert.equal(await tries(), 4, 'the right one is forgiven')
  await sql`update sign_in_failures set factors = 30 where account_id = ${account.id}`.execute(database.db)
  await nextStep()
  const { ticket } = await halfIn(userid)
  assert.equal(await finish(ticket, { totp: codeOf(secret) }), 'wrongCredentials')
  assert.equal(await finish(ticket, { recoveryCode: recoveryCodes[0]! }), 'wrongCredentials')
})

test('each recovery code stands in once, however it is written', async () => {
  const { client, userid } = await signUp(host, 'paper@localhost')
  const { recoveryCodes } = await turnOnTotp(client)
  for (const code of recoveryCodes) assert.match(code, /^[0-9a-hjkmnp-tv-z]{4}-[0-9a-hjkmnp-tv-z]{4}$/)
  assert.equal(new Set(recoveryCodes).size, 10)
  const [one, two] = recoveryCodes as [string, string]
  const tickets = await Promise.all(Array.from({ length: 6 }, () => halfIn(userid)))
  const answers = await Promise.all(tickets.map(({ ticket }) => finish(ticket, { recoveryCode: one })))
  assert.equal(answers.filter((answer) => answer === 'let in').length, 1)
  const { ticket } = await halfIn(userid)
  for (const recoveryCode of [one, 'aaaa-aaaa', '', '-'])
    assert.equal(await finish(ticket, { recoveryCode }), 'wrongCredentials')
  const sloppy = two.replace('-', ' ').toUpperCase().replaceAll('0', 'O').replaceAll('1', 'l')
  assert.equal(await finish(ticket, { recoveryCode: sloppy }), 'let in')
  assert.equal((await client.showSecurity({})).recoveryCodesLeft, 8)
  const made = await client.makeRecoveryCodes({})
  assert.equal((await client.showSecurity({})).recoveryCodesLeft, 10)
  const again = await halfIn(userid)
  assert.equal(await finish(again.ticket, { recoveryCode: recoveryCodes[5]! }), 'wrongCredentials')
  assert.equal(await finish(again.ticket, { recoveryCode: made.recoveryCodes[0]! }), 'let in')
})

test('without a second factor its codes are gone, and a password is enough', async () => {
  const { client, userid } = await signUp(host, 'off@localhost')
  await turnOnTotp(client)
  await client.removeTotp({})
  const { totpSince, recoveryCodesLeft } = await client.showSecurity({})
  assert.deepEqual({ totpSince, recoveryCodesLeft }, { totpSince: null, recoveryCodesLeft: 0 })
  assert.ok('token' in (await anonymous().login({ userid, password })))
  await eventually(() => notifications.sent.some(({ variables }) => variables?.change === 'totpOff'))
})

test('another app takes the place of the first once it is confirmed', async () => {
  const { client, userid } = await signUp(host, 'another@localhost')
  const { secret } = await turnOnTotp(client)
  const candidate = await client.startTotp({})
  const before = await halfIn(userid)
  assert.equal(await finish(before.ticket, { totp: codeOf(candidate.secret) }), 'wrongCredentials')
  assert.equal(await finish(before.ticket, { totp: codeOf(secret) }), 'let in')
  assert.deepEqual(await client.confirmTotp({ code: codeOf(candidate.secret, -1) }), { recoveryCodes: [] })
  await assert.rejects(client.confirmTotp({ code: codeOf(candidate.secret) }), { code: 'wrongCode' })
  const { ticket } = await halfIn(userid)
  assert.equal(await finish(ticket, { totp: codeOf(secret, 1) }), 'wrongCredentials')
  assert.equal(await finish(ticket, { totp: codeOf(candidate.secret) }), 'let in')
})

test('a session that is not fresh changes nothing of this until it is confirmed', async () => {
  const { client, account, session } = await signUp(host, 'stale@localhost')
  await turnOnTotp(client)
  assert.ok((await client.showSecurity({})).freshUntil)
  await sql`update sessions set authenticated_at = now() - interval '16 minutes' where id = ${session.id}`.execute(
    database.db,
  )
  assert.equal((await client.showSecurity({})).freshUntil, null)
  for (const change of [
    () => client.startTotp({}),
    () => client.removeTotp({}),
    () => client.makeRecoveryCodes({}),
    () => client.startPasskey({}),
    () => client.removePasskey({ id: account.id }),
  ])
    await assert.rejects(change, { code: 'confirmationNeeded', status: 403 })
  for (const wrong of [{ password: 'wrong' }, {}, { ticket: 'x', passkey: {} }])
    await assert.rejects(client.confirmIdentity(wrong), { code: 'wrongCredentials', status: 403 })
  await client.confirmIdentity({ password })
  await client.makeRecoveryCodes({})
  await sql`update sign_in_failures set factors = 30 where account_id = ${account.id}`.execute(database.db)
  await assert.rejects(client.confirmIdentity({ password }), { code: 'tooManyRequests' })
})

test('a key is never fresh', async () => {
  const { account } = await signUp(host, 'bykey@localhost')
  const key = {
    kind: 'account',
    accountId: account.id,
    sessionId: '019a0000-0000-7000-8000-000000000000',
    roles: ['customer'],
    scopes: ['*:write', '*:read'],
  } as const
  const client = host.client(identity, key)
  await assert.rejects(client.startTotp({}), { code: 'confirmationNeeded' })
  await assert.rejects(client.confirmIdentity({ password }), { code: 'forbidden' })
})
