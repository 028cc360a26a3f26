import { eventually } from '#platform/testing/eventually.ts'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { identity } from '#contracts/identity.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import identityService from '#services/identity/service.ts'
import {
  databaseOf,
  deviceAt,
  password,
  recordingNotifications,
  signIn,
  signUp,
  tryLogin,
} from '#services/identity/testing.ts'
import { sql } from 'kysely'
import { countryOf } from './country.ts'
import { deviceName } from './devices.ts'

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

const toldOf = (template: string, accountId: string) =>
  notifications.sent.filter(
    ({ template: sent, to }) => sent === template && 'accountId' in to && to.accountId === accountId,
  )

test('devices are named by browser and system, programs by their own name', () => {
  const names: Record<string, string> = {
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36':
      'Chrome on Windows',
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0': 'Firefox on Linux',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1':
      'Safari on iOS',
    'curl/8.5.0': 'curl',
    'Dakghar-Sync/1.2 (build 7)': 'Dakghar-Sync',
    '': '',
    '(': '',
  }
  for (const [userAgent, name] of Object.entries(names)) assert.equal(deviceName(userAgent), name)
  assert.ok(deviceName('x'.repeat(1024)).length <= 60)
})

test('public addresses have a country, others none', async () => {
  const countries: Record<string, string | null> = {
    '8.8.8.8': 'US',
    '103.4.144.1': 'BD',
    '2001:4860:4860::8888': 'US',
    '127.0.0.1': null,
    '10.0.0.1': null,
    '::1': null,
    'fd00::1': null,
    '': null,
    nowhere: null,
  }
  for (const [address, country] of Object.entries(countries))
    assert.equal(await countryOf(address), country, address)
})

test('a session says from where it was begun, and each is the current one of its own call', async () => {
  const { client, userid } = await signUp(host, 'places@localhost')
  const other = await signIn(host, userid, { device: deviceAt('8.8.8.8'), client: 'browser' })
  const { items } = await other.client.listSessions({})
  const [newest, oldest] = items
  assert.deepEqual(
    items.map(({ isCurrent }) => isCurrent),
    [true, false],
  )
  assert.equal(newest!.device, 'Chrome on Windows')
  assert.equal(newest!.address, '8.8.8.8')
  assert.equal(newest!.country, 'US')
  assert.equal(oldest!.address, '')
  assert.equal((await client.listSessions({})).items[1]!.isCurrent, true)
  assert.deepEqual(await client.endSessions({ id: newest!.id }), { ended: 1 })
  assert.deepEqual(
    (await client.listSessions({})).items.map(({ id }) => id),
    [oldest!.id],
  )
})

test('a device is told its token once, and is known from then on', async () => {
  const { userid } = await signUp(host, 'device@localhost')
  const { deviceToken } = await signIn(host, userid, { device: deviceAt('192.0.2.1') })
  assert.match(deviceToken!, /^[\w-]{43}$/)
  const again = await signIn(host, userid, { device: deviceAt('192.0.2.1', deviceToken) })
  assert.equal(again.deviceToken, undefined)
  const { rows } = await sql<{ text: string }>`select known_devices::text as text from known_devices`.execute(
    database.db,
  )
  assert.ok(rows.length > 0 && rows.every(({ text }) => !text.includes(deviceToken!)))
})

test('people who share a browser are both known in it', async () => {
  const [one, two] = [await signUp(host, 'shares1@localhost'), await signUp(host, 'shares2@localhost')]
  const { deviceToken } = await signIn(host, one.userid, { device: deviceAt('192.0.2.2') })
  const device = deviceAt('192.0.2.2', deviceToken)
  assert.equal((await signIn(host, two.userid, { device })).deviceToken, deviceToken)
  for (const { userid } of [one, two])
    assert.equal((await signIn(host, userid, { device })).deviceToken, undefined)
})

test('a token that was made up is not taken', async () => {
  const { userid } = await signUp(host, 'madeup@localhost')
  for (const token of ['A'.repeat(43), 'short', `${'A'.repeat(42)}=`]) {
    const { deviceToken } = await signIn(host, userid, { device: deviceAt('192.0.2.3', token) })
    assert.match(deviceToken!, /^[\w-]{43}$/)
    assert.notEqual(deviceToken, token)
  }
})

test('a sign-in from a new device is told, the first one and those from known devices are not', async () => {
  const { userid, account } = await signUp(host, 'told@localhost')
  const first = await signIn(host, userid, { device: deviceAt('192.0.2.4') })
  await signIn(host, userid, { device: deviceAt('192.0.2.5', first.deviceToken) })
  const before = Date.now()
  await signIn(host, userid, { device: deviceAt('192.0.2.6') })
  await eventually(() => toldOf('new_sign_in', account.id).length > 0)
  const [{ variables, requestId }, ...more] = toldOf('new_sign_in', account.id) as [
    (typeof notifications.sent)[0],
  ]
  assert.deepEqual(more, [])
  assert.ok(requestId)
  const { device, address, time } = variables as Record<string, string>
  assert.deepEqual({ device, address }, { device: 'Chrome on Windows', address: '192.0.2.6' })
  assert.ok(Math.abs(Date.parse(time!) - before) < 10_000)
})

test('too many guesses shut out devices that are not known, and nobody else', async () => {
  const { userid, account } = await signUp(host, 'guessed@localhost')
  const { deviceToken } = await signIn(host, userid, { device: deviceAt('192.0.2.7') })
  const addFailures = (count: number) =>
    sql`insert into sign_in_failures (account_id, hour, passwords)
      values (${account.id}, date_trunc('hour', now()), ${count})
      on conflict (account_id, hour) do update set passwords = ${count}`.execute(database.db)
  const setPasswordAge = (minutes: number) =>
    sql`update passwords set changed_at = now() - make_interval(mins => ${minutes})
      where account_id = ${account.id}`.execute(database.db)
  await setPasswordAge(20)
  const fromHome = { userid, password, device: deviceAt('192.0.2.7', deviceToken) }
  const fromElsewhere = (i: number) => ({ userid, password, device: deviceAt(`198.51.100.${i}`) })
  await addFailures(97)
  assert.equal(await tryLogin(host, fromElsewhere(1)), 'let in')
  await Promise.all(
    Array.from({ length: 4 }, (_, i) => tryLogin(host, { ...fromElsewhere(i + 2), password: `guess ${i}` })),
  )
  await eventually(async () => (await tryLogin(host, fromElsewhere(9))) === 'wrongCredentials')
  assert.equal(await tryLogin(host, fromHome), 'let in')
  await eventually(() => toldOf('sign_in_attempts', account.id).length > 0)
  for (let i = 20; i < 25; i++) await tryLogin(host, { ...fromElsewhere(i), password: 'more guesses' })
  const fromHomeWrong = { ...fromHome, password: 'mistyped' }
  assert.equal(await tryLogin(host, fromHomeWrong), 'wrongCredentials')
  assert.equal(await tryLogin(host, fromHome), 'let in')
  assert.equal(toldOf('sign_in_attempts', account.id).length, 1)
  assert.equal(await tryLogin(host, fromElsewhere(11)), 'wrongCredentials')
  await setPasswordAge(10)
  assert.equal(await tryLogin(host, fromElsewhere(12)), 'let in', 'by the password that was set a moment ago')
  await setPasswordAge(20)
  await sql`update sign_in_failures set hour = hour - interval '25 hours' where account_id = ${account.id}`.execute(
    database.db,
  )
  await eventually(async () => (await tryLogin(host, fromElsewhere(10))) === 'let in')
})

test('guesses are counted for the account, from known devices they are not', async () => {
  const { userid, account } = await signUp(host, 'counted@localhost')
  const { deviceToken } = await signIn(host, userid, { device: deviceAt('192.0.2.8') })
  const counted = async () => {
    const { rows } = await sql<{ count: number }>`
      select coalesce(sum(passwords), 0)::int as count from sign_in_failures where account_id = ${account.id}`.execute(
      database.db,
    )
    return rows[0]!.count
  }
  const guess = (device?: ReturnType<typeof deviceAt>) =>
    tryLogin(host, { userid, password: 'a guess', device })
  await guess(deviceAt('192.0.2.8', deviceToken))
  for (let i = 0; i < 3; i++) await guess(deviceAt(`203.0.113.${i}`))
  await guess()
  await eventually(async () => (await counted()) === 4)
})

test('guessers from one address wait for each other, and are sent away', async () => {
  const { userid } = await signUp(host, 'crowded@localhost')
  const { deviceToken } = await signIn(host, userid, { device: deviceAt('192.0.2.9') })
  const guess = (address: string, name = 'nobody') =>
    tryLogin(host, { userid: `${name}@localhost`, password: 'a guess', device: deviceAt(address) })
  for (let i = 0; i < 2; i++) assert.equal(await guess('2001:db8::1'), 'wrongCredentials')
  const flood = Array.from({ length: 40 }, (_, i) => guess(`2001:db8::${i + 10}`, `nobody${i}`))
  const beside = [
    deviceAt('192.0.2.9', deviceToken),
    deviceAt('192.0.2.10'),
    deviceAt('2001:db8::99', deviceToken),
  ]
  const answers = await Promise.all(beside.map((device) => tryLogin(host, { userid, password, device })))
  assert.deepEqual(answers, ['let in', 'let in', 'let in'])
  const refused = (await Promise.all(flood)).filter((code) => code === 'tooManyRequests')
  assert.ok(refused.length >= 30, `${refused.length} of 40 were sent away`)
  await assert.rejects(
    Promise.all(
      Array.from({ length: 20 }, () =>
        host
          .client(identity, { kind: 'anonymous' })
          .login({ userid, password, device: deviceAt('2001:db8::5') }, { deadlineMs: 60_000 }),
      ),
    ),
    { status: 429, retryAfterSeconds: 5 },
  )
})
