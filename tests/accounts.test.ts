import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { contracts } from '#contracts/all.ts'
import { identity } from '#contracts/identity.ts'
import { logs } from '#contracts/logs.ts'
import { openDatabase } from '#platform/database/pool.ts'
import type { Identity, Role } from '#platform/identity.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import identityService from '#services/identity/service.ts'
import { witnessOf } from '#services/identity/privacy/witness.ts'
import logsService from '#services/logs/service.ts'
import { followRevocations, password, sessionOf, signUp } from '#services/identity/testing.ts'

const people = witnessOf(identity.events.codeDue)
let host: TestHost
before(async () => {
  host = await testHost({ services: [identityService, logsService, people.service] })
})
after(() => host[Symbol.asyncDispose]())

const admin = () => host.client(identity)
let count = 0

/** Somebody with these roles, and the client that acts as him. */
async function someone(roles?: Role[]) {
  const person = await signUp(host, `managed${++count}@localhost`)
  if (roles) await admin().setRoles({ accountId: person.account.id, roles })
  return { ...person, as: actingAs(person.account.id, person.session.id, roles ?? ['customer']) }
}

function actingAs(accountId: string, sessionId: string, roles: Role[]) {
  const as: Identity = { kind: 'account', accountId, sessionId, roles }
  return host.client(identity, as)
}

async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const giveUpAt = Date.now() + 10_000; !(await isSo()); await sleep(10))
    assert.ok(Date.now() < giveUpAt)
}

const noOwners = async () => {
  await using database = openDatabase({ url: host.databaseUrl })
  await sql`update accounts set roles = '{customer}' where 'owner' = any(roles)`.execute(
    database.forService('identity'),
  )
}

test('accounts are found by any part of what they are called, and paged from the newest on', async () => {
  const made = []
  for (let i = 0; i < 7; i++)
    made.unshift(
      await admin().createAccount({
        userid: `listed${i}`,
        name: `Lister Number_${i}`,
        email: `lister${i}@example.com`,
        phone: `0171234500${i}`,
        roles: i % 2 ? ['staff'] : ['customer'],
      }),
    )
  const ids = (items: { id: string }[]) => items.map(({ id }) => id)
  for (const search of ['listed', 'LISTER', 'number_', '@example', '1712345'])
    assert.deepEqual(ids((await admin().listAccounts({ search })).items), ids(made), search)
  assert.deepEqual((await admin().listAccounts({ search: 'number%' })).items, [])
  assert.deepEqual(ids((await admin().listAccounts({ search: 'lister3' })).items), [made[3]!.id])
  const paged = []
  for (let cursor: string | undefined, pages = 0; pages < 3; pages++) {
    const { items, nextCursor } = await admin().listAccounts({
      search: 'lister',
      limit: 3,
      ...(cursor && { cursor }),
    })
    paged.push(...items)
    cursor = nextCursor ?? undefined
    assert.equal(cursor === undefined, pages === 2)
  }
  assert.deepEqual(paged, made)
  const staff = await admin().listAccounts({ search: 'lister', role: 'staff' })
  assert.equal(staff.items.length, 3)
  await admin().offboardAccount({ accountId: made[0]!.id })
  const disabled = await admin().listAccounts({ search: 'lister', isDisabled: 'true' })
  assert.deepEqual(ids(disabled.items), [made[0]!.id])
  await assert.rejects(admin().listAccounts({ cursor: 'nonsense' }), { code: 'invalid' })
})

test('an account that an admin makes may have a reserved name, and its person gets an invitation', async () => {
  people.seen.length = 0
  const account = await admin().createAccount({ userid: 'sales', name: 'Sales', email: 's@example.com' })
  assert.deepEqual([account.userid, account.roles], ['sales@localhost', ['customer']])
  await eventually(() => people.seen.length > 0)
  const refused: [object, string][] = [
    [{ userid: 'postmaster', email: 'a@example.com' }, 'invalid'],
    [{ userid: 'nobody.to.tell' }, 'invalid'],
    [{ userid: 'x@elsewhere.example', email: 'a@example.com' }, 'invalid'],
    [{ userid: 'phoned', phone: '12' }, 'invalid'],
    [{ userid: 'SALES', email: 'a@example.com' }, 'useridTaken'],
  ]
  for (const [given, code] of refused)
    await assert.rejects(admin().createAccount({ name: 'X', ...given }), { code }, JSON.stringify(given))
})

test('what an admin sees of an account', async () => {
  const person = await someone()
  await person.client.createApiKey({ name: 'a key', scopes: ['*:read'] })
  const shown = await admin().showAccount({ accountId: person.account.id })
  assert.deepEqual(shown.account, person.account)
  assert.deepEqual(
    [shown.sessions.map(({ id }) => id), shown.apiKeys.map(({ name }) => name), shown.hasSecondFactor],
    [[person.session.id], ['a key'], false],
  )
  const { items } = await admin().listAllSessions({ limit: 200 })
  const { account } = items.find(({ id }) => id === person.session.id)!
  assert.deepEqual(account, { id: person.account.id, userid: person.userid, name: 'Somebody', email: null })
  await assert.rejects(admin().showAccount({ accountId: crypto.randomUUID() }), { code: 'notFound' })
})

test('an admin gives what an admin may give; sessions go on with the new roles', async () => {
  const [owner, boss, person] = [await someone(['owner']), await someone(['admin']), await someone()]
  const accountId = person.account.id
  await using told = followRevocations(host)
  await eventually(() => told.told.length > 0)
  const { roles } = await boss.as.setRoles({ accountId, roles: ['staff', 'staff', 'customer'] })
  assert.deepEqual(roles, ['staff', 'customer'])
  await eventually(() => told.revoked().length > 0)
  assert.deepEqual(told.revoked(), [{ accountId, sessionId: null }])
  const session = await sessionOf(host, person.session.token)
  assert.deepEqual(session?.kind === 'account' && session.roles, ['staff', 'customer'])
  for (const role of ['admin', 'owner'] as const) {
    await assert.rejects(boss.as.setRoles({ accountId, roles: [role] }), { code: 'forbidden' })
    const given = { userid: `by.admin.${role}`, name: 'X', email: 'x@example.com', roles: [role] }
    await assert.rejects(boss.as.createAccount(given), { code: 'forbidden' })
  }
  await assert.rejects(boss.as.setRoles({ accountId: owner.account.id, roles: ['customer'] }), {
    code: 'forbidden',
  })
  await owner.as.setRoles({ accountId, roles: ['admin'] })
  await noOwners()
})

test('of owners who all leave at once, one stays', async () => {
  type Person = Awaited<ReturnType<typeof someone>>
  const ways: ((one: Person) => Promise<unknown>)[] = [
    ({ as, account }) => as.setRoles({ accountId: account.id, roles: ['customer'] }),
    ({ as, account }) => as.offboardAccount({ accountId: account.id }),
    ({ as, account }) => as.eraseAccount({ accountId: account.id }),
    ({ as }) => as.eraseMe({ password }),
  ]
  for (let round = 0; round < 16; round++) {
    const owners = []
    // Two by turns, where the second has to see the first; four now and then.
    for (let i = 0; i < (round % 4 === 3 ? 4 : 2); i++) owners.push(await someone(['owner']))
    const left = await Promise.allSettled(owners.map((owner, i) => ways[(i + round) % ways.length]!(owner)))
    const refused = left.filter(({ status }) => status === 'rejected')
    assert.equal(refused.length, 1, `round ${round}`)
    assert.equal((refused[0] as PromiseRejectedResult).reason.code, 'lastOwner')
    const { items } = await admin().listAccounts({ role: 'owner', isDisabled: 'false' })
    assert.equal(items.length, 1)
    await noOwners()
  }
})

test('who is off-boarded has nothing left to come in with, until he is restored', async () => {
  const person = await someone()
  const { id: accountId } = person.account
  const { key } = await person.client.createApiKey({ name: 'a key', scopes: ['*:read'] })
  const anonymous = host.client(identity, { kind: 'anonymous' })
  const app = await anonymous.login({ userid: person.userid, password, client: 'app' })
  assert.ok('refreshToken' in app && app.refreshToken !== undefined)
  await using told = followRevocations(host)
  await eventually(() => told.told.length > 0)

  const gone = await admin().offboardAccount({ accountId })
  assert.deepEqual([gone.account.isDisabled, gone.endedSessions, gone.removedKeys], [true, 2, 1])
  await eventually(() => told.revoked().length > 0)
  assert.deepEqual(told.revoked(), [{ accountId, sessionId: null }])
  assert.equal(await sessionOf(host, person.session.token), null)
  assert.equal(await sessionOf(host, key), null)
  assert.equal((await admin().showSession({ accessToken: app.token })).session, null)
  await assert.rejects(anonymous.refreshToken({ refreshToken: app.refreshToken }), { code: 'refreshRefused' })
  await assert.rejects(anonymous.login({ userid: person.userid, password }), { code: 'wrongCredentials' })
  await using database = openDatabase({ url: host.databaseUrl })
  for (const table of ['sessions', 'keys', 'codes', 'known_devices', 'tickets']) {
    const { rows } = await sql`select from ${sql.table(table)} where account_id = ${accountId}`.execute(
      database.forService('identity'),
    )
    assert.equal(rows.length, 0, table)
  }
  const again = await admin().offboardAccount({ accountId })
  assert.deepEqual([again.endedSessions, again.removedKeys], [0, 0])

  assert.equal((await admin().restoreAccount({ accountId })).isDisabled, false)
  assert.equal(await sessionOf(host, key), null, 'what was taken stays taken')
  await anonymous.login({ userid: person.userid, password })
})

test('an admin throws out neither owners nor other admins, nor lets them in', async () => {
  const [owner, other, boss, second] = [
    await someone(['owner']),
    await someone(['owner']),
    await someone(['admin']),
    await someone(['admin']),
  ]
  for (const { account } of [owner, second]) {
    await assert.rejects(boss.as.offboardAccount({ accountId: account.id }), { code: 'forbidden' })
    await assert.rejects(boss.as.restoreAccount({ accountId: account.id }), { code: 'forbidden' })
  }
  await boss.as.offboardAccount({ accountId: boss.account.id })
  await owner.as.offboardAccount({ accountId: second.account.id })
  await owner.as.offboardAccount({ accountId: other.account.id })
  await assert.rejects(owner.as.offboardAccount({ accountId: owner.account.id }), { code: 'lastOwner' })
  await noOwners()
})

test('an admin ends one session of somebody, or all', async () => {
  const person = await someone()
  const anonymous = host.client(identity, { kind: 'anonymous' })
  for (let i = 0; i < 2; i++) await anonymous.login({ userid: person.userid, password })
  const accountId = person.account.id
  assert.deepEqual(await admin().endAccountSessions({ accountId, id: person.session.id }), { ended: 1 })
  assert.equal(await sessionOf(host, person.session.token), null)
  assert.deepEqual(await admin().endAccountSessions({ accountId }), { ended: 2 })
})

test('the grants are those of the contracts', async () => {
  const { items } = await admin().listGrants({})
  const calls = contracts.flatMap(({ calls, streams }) => [...Object.keys(calls), ...Object.keys(streams)])
  assert.equal(items.length, calls.length)
  const find = (name: string) => items.find(({ call }) => call === name)
  assert.deepEqual(find('setRoles'), {
    service: 'identity',
    call: 'setRoles',
    kind: 'command',
    access: 'admin',
    roles: ['admin', 'owner'],
    owned: null,
    http: ['PUT /api/accounts/{accountId}/roles'],
  })
  assert.deepEqual(find('showSession')!.roles, [])
  assert.deepEqual(find('login')!.roles, ['anonymous', 'customer', 'staff', 'admin', 'owner'])
  assert.equal(find('revocations')!.kind, 'stream')
})

test('a domain with mailboxes stays ours', async () => {
  const before = await admin().showInstallation({})
  const changed = await admin().changeInstallation({
    name: 'The Shop',
    domains: [...before.domains, 'example.org', 'EXAMPLE.org'],
    signUp: 'nobody',
  })
  assert.deepEqual(changed, {
    ...before,
    name: 'The Shop',
    domains: [...before.domains, 'example.org'],
    signUp: 'nobody',
  })
  const anonymous = host.client(identity, { kind: 'anonymous' })
  const wish = { userid: 'late@example.org', password, name: 'Late' }
  await assert.rejects(anonymous.createProfile(wish), { code: 'signUpClosed' })
  await assert.rejects(admin().changeInstallation({ domains: ['example.org'] }), { code: 'invalid' })
  const { name, domains, signUp } = before
  assert.deepEqual(await admin().changeInstallation({ name, domains, signUp }), before)
})

test('what admins do is in the audit log, once, with who did it and to whom', async () => {
  const [owner, person] = [await someone(['owner']), await someone()]
  await owner.as.setRoles({ accountId: person.account.id, roles: ['staff'] })
  const find = async () =>
    (await host.client(logs).listAudit({ action: 'identity.setRoles', actor: owner.account.id })).items
  await eventually(async () => (await find()).length > 0)
  const [entry, ...more] = await find()
  assert.deepEqual(
    [more, entry!.subject, entry!.details, entry!.service],
    [[], person.account.id, { before: ['customer'], after: ['staff'] }, 'identity'],
  )
  const key = await admin().createServiceKey({ name: 'audited', scopes: ['logs:write'] })
  const all = async () => (await host.client(logs).listAudit({ limit: 200 })).items
  await eventually(async () => (await all()).some(({ action }) => action === 'identity.createServiceKey'))
  assert.ok(!JSON.stringify(await all()).includes(key.key))
  await noOwners()
})
