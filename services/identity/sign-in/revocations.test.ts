import { eventually } from '#platform/testing/eventually.ts'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { identity } from '#contracts/identity.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { silentLogger } from '#platform/log.ts'
import { openLocalSignals } from '#platform/signals/local.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import identityService from '#services/identity/service.ts'
import { endExpiredSessions } from './sessions.ts'
import { followRevocations, password, signIn, signUp } from '#services/identity/testing.ts'

/** Two processes on one database. */
let host: TestHost
let other: TestHost
before(async () => {
  host = await testHost({ services: [identityService], settings: { SIGNALS_URL: 'postgres:' } })
  const settings = { DATABASE_URL: host.databaseUrl, SIGNALS_URL: 'postgres:' }
  other = await testHost({ services: [identityService], settings })
})
after(async () => {
  await other[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

test('what ends in one process is told by another one within a second', async () => {
  const { client, account, session } = await signUp(host, 'told@localhost')
  await using stream = followRevocations(other)
  await eventually(() => stream.told.length > 0)
  assert.equal(stream.told[0]!.isReset, true)
  const startedAt = performance.now()
  await client.logout({})
  await eventually(() => stream.revoked().length > 0)
  assert.ok(performance.now() - startedAt < 900, 'woken by the signal, not by polling')
  assert.deepEqual(stream.revoked(), [{ accountId: account.id, sessionId: session.id }])
})

test('changes of roles and passwords, and the end of all sessions, are told', async () => {
  const { client, account, session, userid } = await signUp(host, 'changed@localhost')
  const second = await signIn(host, userid)
  await using stream = followRevocations(host)
  await eventually(() => stream.told.length > 0)
  const accountId = account.id
  await host.client(identity).setRoles({ accountId, roles: ['staff'] })
  await client.changePassword({ password, newPassword: 'a small red letterbox' })
  await client.endSessions({})
  await eventually(() => stream.revoked().length === 3)
  assert.deepEqual(stream.revoked(), [
    { accountId, sessionId: null },
    { accountId, sessionId: second.session.id },
    { accountId, sessionId: session.id },
  ])
})

test('a stream that goes on where another broke off tells what was missed, each once', async () => {
  const { userid } = await signUp(host, 'resumes@localhost')
  const sessions = await Promise.all(Array.from({ length: 6 }, () => signIn(host, userid)))
  await using first = followRevocations(host)
  await eventually(() => first.told.length > 0)
  for (const { client } of sessions) {
    await client.logout({})
    const { sequence } = first.told.at(-1)!
    await eventually(() => first.told.at(-1)!.sequence > sequence)
  }
  for (const [at, { sequence }] of first.told.entries()) {
    await using second = followRevocations(other, sequence)
    const missed = first.told.slice(at + 1).flatMap(({ revoked }) => revoked)
    await eventually(() => second.told.length > 0)
    assert.deepEqual(second.told[0], {
      sequence: first.told.at(-1)!.sequence,
      revoked: missed,
      isReset: false,
    })
  }
})

test('many that end at once in two processes are all told, without a gap', async () => {
  const { userid } = await signUp(host, 'crowd@localhost')
  const sessions = await Promise.all(Array.from({ length: 16 }, () => signIn(host, userid)))
  await using stream = followRevocations(host)
  await eventually(() => stream.told.length > 0)
  const { sequence } = stream.told[0]!
  await Promise.all(
    sessions.map(({ account, session }, i) =>
      (i % 2 ? host : other)
        .client(identity, {
          kind: 'account',
          accountId: account.id,
          sessionId: session.id,
          roles: ['customer'],
        })
        .logout({}),
    ),
  )
  await eventually(() => stream.revoked().length >= 16)
  assert.deepEqual(
    stream
      .revoked()
      .map(({ sessionId }) => sessionId)
      .toSorted(),
    sessions.map(({ session }) => session.id).toSorted(),
  )
  assert.equal(stream.told.at(-1)!.sequence, sequence + 16)
})

test('whoever comes back too late, or from elsewhere, is told to forget everything', async () => {
  const { client, userid } = await signUp(host, 'late@localhost')
  await using database = openDatabase({ url: host.databaseUrl })
  const db = database.forService('identity')
  await using stream = followRevocations(host)
  await eventually(() => stream.told.length > 0)
  const before = stream.told[0]!.sequence
  await client.logout({})
  await (await signIn(host, userid)).client.logout({})
  await eventually(() => stream.told.at(-1)!.sequence === before + 2)
  await sql`delete from revocations where sequence <= ${before + 1}`.execute(db)
  for (const after of [before, before + 1000]) {
    await using late = followRevocations(host, after)
    await eventually(() => late.told.length > 0)
    assert.deepEqual(late.told[0], { sequence: before + 2, revoked: [], isReset: true })
  }
  await using inTime = followRevocations(host, before + 1)
  await eventually(() => inTime.revoked().length === 1)
})

test('sessions past their time end, and that is told', async () => {
  const { account, session } = await signUp(host, 'idle@localhost')
  await using database = openDatabase({ url: host.databaseUrl })
  const db = database.forService('identity')
  await sql`update sessions set expires_at = now() where id = ${session.id}`.execute(db)
  await using stream = followRevocations(host)
  await eventually(() => stream.told.length > 0)
  await using signals = openLocalSignals({ log: silentLogger })
  await endExpiredSessions({ db, signals })
  await eventually(() => stream.revoked().length === 1)
  assert.deepEqual(stream.revoked(), [{ accountId: account.id, sessionId: session.id }])
})

test('a stream that nobody reads any more ends', async () => {
  const controller = new AbortController()
  const items = host.client(identity).revocations({}, { signal: controller.signal })[Symbol.asyncIterator]()
  await items.next()
  const next = items.next()
  controller.abort()
  await Promise.race([next.catch(() => undefined), sleep(900).then(() => assert.fail('still waiting'))])
})
