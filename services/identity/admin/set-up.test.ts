import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { identity } from '#contracts/identity.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { witnessOf } from '#services/identity/privacy/witness.ts'
import identityService from '#services/identity/service.ts'
import { password, sessionOf } from '#services/identity/testing.ts'

const settings = { PUBLIC_URL: 'https://post.example.org' }
const start = (more: Record<string, string> = {}) =>
  testHost({ services: [identityService], settings: { ...settings, ...more } })

/** Of the link that the start of the process announced; undefined where it announced none. */
function announced({ announced }: TestHost): string | undefined {
  const [, link] = announced.find(([what]) => what === 'set up') ?? []
  if (link === undefined) return undefined
  const url = new URL(link)
  assert.equal(url.origin + url.pathname, 'https://post.example.org/setup')
  return url.searchParams.get('token')!
}

const wish = (token: string, userid = 'boss') => ({
  token,
  name: 'The Shop',
  domain: 'Example.ORG',
  owner: { userid, name: 'The Boss', password },
})
const anonymous = (host: TestHost) => host.client(identity, { kind: 'anonymous' })

test('the link of the first start makes the installation, its owner and the first accounts', async () => {
  const codes = witnessOf(identity.events.codeDue)
  await using host = await testHost({ services: [identityService, codes.service], settings })
  const token = announced(host)!
  assert.deepEqual(await anonymous(host).showInstallation({}), {
    name: 'Dakghar',
    domains: ['localhost'],
    isSetUp: false,
    signUp: 'mailboxes',
  })
  const accounts = [
    { userid: 'info', name: 'Front desk', email: 'desk@elsewhere.example', roles: ['staff' as const] },
    { userid: 'clerk', name: 'Clerk', phone: '01712345678', roles: ['admin' as const] },
  ]
  const signedIn = await anonymous(host).setUp({ ...wish(token), accounts })
  const { account } = signedIn
  assert.deepEqual(
    [account.userid, account.roles, account.isEmailVerified],
    ['boss@example.org', ['owner'], false],
  )
  assert.equal((await sessionOf(host, signedIn.token))?.id.length, 36)
  assert.deepEqual(await anonymous(host).showInstallation({}), {
    name: 'The Shop',
    domains: ['example.org'],
    isSetUp: true,
    signUp: 'mailboxes',
  })
  const { items } = await host.client(identity).listAccounts({})
  assert.deepEqual(items.map(({ userid }) => userid).toSorted(), [
    'boss@example.org',
    'clerk@example.org',
    'info@example.org',
  ])
  for (const giveUpAt = Date.now() + 5_000; codes.seen.length < 2;)
    await new Promise((resolve) =>
      setTimeout(resolve, Date.now() < giveUpAt ? 5 : assert.fail('no invitations')),
    )
  await assert.rejects(anonymous(host).setUp(wish(token)), { code: 'linkExpired', status: 410 })
  await using second = await start({ DATABASE_URL: host.databaseUrl })
  assert.equal(announced(second), undefined, 'there is an owner')
})

test('a new start makes a new link and the old one counts no more', async () => {
  await using host = await start()
  const old = announced(host)!
  await using second = await start({ DATABASE_URL: host.databaseUrl })
  const token = announced(second)!
  await assert.rejects(anonymous(host).setUp(wish(old)), { code: 'linkExpired' })
  assert.equal((await anonymous(host).setUp(wish(token))).account.userid, 'boss@example.org')
})

test('of processes that start at once one has announced the link that counts', async () => {
  await using first = await start()
  const url = { DATABASE_URL: first.databaseUrl }
  const hosts = await Promise.all(Array.from({ length: 4 }, () => start(url)))
  try {
    const tokens = hosts.map((host) => announced(host)!)
    assert.equal(new Set(tokens).size, 4)
    const outcomes = await Promise.allSettled(
      tokens.map((token, i) => anonymous(first).setUp(wish(token, `boss${'abcd'[i]}`))),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  } finally {
    for (const host of hosts) await host[Symbol.asyncDispose]()
  }
})

test('of many who use the link at once one becomes the owner', async () => {
  await using host = await start()
  const token = announced(host)!
  const names = Array.from({ length: 12 }, (_, i) => `boss${'abcdefghijkl'[i]}`)
  const outcomes = await Promise.allSettled(names.map((name) => anonymous(host).setUp(wish(token, name))))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const one of outcomes) if (one.status === 'rejected') assert.equal(one.reason.code, 'linkExpired')
  const { items } = await host.client(identity).listAccounts({})
  assert.equal(items.length, 1)
})

test('what is wrong is told by field, and the link stays good', async () => {
  await using host = await start()
  const token = announced(host)!
  const good = wish(token)
  const account = { name: 'X', email: 'x@elsewhere.example' }
  const wrong: [path: string, input: object][] = [
    ['owner.userid', { ...good, owner: { ...good.owner, userid: 'postmaster' } }],
    ['owner.userid', { ...good, owner: { ...good.owner, userid: 'boss@other.example' } }],
    ['owner.password', { ...good, owner: { ...good.owner, password: 'password123' } }],
    ['owner.phone', { ...good, owner: { ...good.owner, phone: '12345' } }],
    ['domain', { ...good, domain: 'no domain' }],
    ['accounts.1.email', { ...good, accounts: [account, { name: 'Y', userid: 'yy' }] }],
    ['accounts.0.userid', { ...good, accounts: [{ ...account, userid: 'boss' }] }],
    [
      'accounts.1.userid',
      {
        ...good,
        accounts: [
          { ...account, userid: 'desk' },
          { ...account, userid: 'de.sk' },
        ],
      },
    ],
  ]
  for (const [path, input] of wrong)
    await assert.rejects(
      anonymous(host).setUp(input as typeof good),
      (error: { fields: { path: string }[] }) => {
        assert.deepEqual(
          error.fields.map((field) => field.path),
          [path],
        )
        return true
      },
    )
  for (const guess of ['', 'x', 'A'.repeat(43)])
    await assert.rejects(anonymous(host).setUp(wish(guess)), { code: 'linkExpired' })
  await anonymous(host).setUp(good)
})

test('the database has nothing that the link could be made of, and an owner made otherwise ends it', async () => {
  await using host = await start()
  const token = announced(host)!
  await using database = openDatabase({ url: host.databaseUrl })
  const { rows } = await sql`select installation::text as row from installation`.execute(
    database.forService('identity'),
  )
  assert.ok(!JSON.stringify(rows).includes(token))
  const owner = { userid: 'maker', name: 'X', email: 'x@elsewhere.example', roles: ['owner' as const] }
  await host.client(identity).createAccount(owner)
  await assert.rejects(anonymous(host).setUp(wish(token)), { code: 'linkExpired' })
  assert.equal((await anonymous(host).showInstallation({})).isSetUp, true)
})
