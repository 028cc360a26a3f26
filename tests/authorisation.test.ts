/** Every call and stream of every contract, made by everybody: who is let in is what its contract says. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { v7 } from 'uuid'
import { contracts } from '#contracts/all.ts'
import type { Access, CallDefinition, StreamDefinition } from '#contracts/contract.ts'
import type { CallError } from '#contracts/errors.ts'
import { openBlobs } from '#platform/blobs/open.ts'
import { openDatabase } from '#platform/database/pool.ts'
import type { Database } from '#platform/database/database.ts'
import type { Identity, Role } from '#platform/identity.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { send } from '#services/gateway/testing.ts'
import { newToken } from '#services/identity/sign-in/tokens.ts'
import { services } from '../services/all.ts'
import { leastInput } from './least-input.ts'
import { mailObjects, openMailbox } from './mail/belongings.ts'

type Definition = CallDefinition | StreamDefinition
type Who = 'anonymous' | Role | 'service key' | 'key without the scope'
/** `in`: whatever else the call says, it was not refused for who makes it. */
type Outcome = 'in' | 'unauthenticated' | 'forbidden' | 'notFound'

const roles = ['customer', 'staff', 'admin', 'owner'] as const
const everybody: readonly Who[] = ['anonymous', ...roles, 'service key', 'key without the scope']
const serviceKey = 'the-service-key-of-the-matrix'

let host: TestHost
let database: ReturnType<typeof openDatabase>
let db: Database
let mailDb: Database
let door: { port: number }
before(async () => {
  host = await testHost({
    services,
    settings: {
      SERVICE_KEY: serviceKey,
      LIMIT_ANONYMOUS: 'none',
      LIMIT_SIGN_IN: 'none',
      SMTP_PORT: '0',
      SUBMISSION_PORT: '0',
      SUBMISSIONS_PORT: '0',
      DNS_SERVERS: '127.0.0.1:1',
    },
  })
  const [, address = ''] = host.announced.find(([what]) => what === 'web') ?? []
  door = { port: Number(new URL(address).port) }
  database = openDatabase({ url: host.databaseUrl })
  db = database.forService('identity')
  mailDb = database.forService('mail')
  const mailBlobs = await openBlobs(`file://${host.dataDirectory}/blobs/mail`)
  Object.assign(objects, mailObjects(mailDb, mailBlobs))
  await newPerson(['owner']) // There is always another one.
})
after(async () => {
  await database[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

interface Caller {
  accountId: string
  identity: Identity
  headers: Record<string, string>
}

/** Straight into the tables: it is not signing in that is tested. */
async function newPerson(roles: readonly Role[]) {
  const [accountId, sessionId] = [v7(), v7()]
  const { token, hash } = newToken()
  await sql`
    insert into accounts (id, userid, userid_skeleton, name, roles)
    values (${accountId}, ${`p${accountId}@localhost`}, ${accountId}, 'Somebody', ${roles})`.execute(db)
  await sql`
    insert into sessions (id, account_id, token_hash, expires_at)
    values (${sessionId}, ${accountId}, ${hash}, now() + interval '1 hour')`.execute(db)
  await openMailbox(mailDb, accountId, `p${accountId}@localhost`)
  const identity: Identity = { kind: 'account', accountId, sessionId, roles, isVerified: false }
  return { accountId, identity, headers: { authorization: `Bearer ${token}` } }
}

/** For one call: some end what they are made with. */
async function newCaller(who: Who): Promise<Caller> {
  if (who === 'anonymous') return { accountId: v7(), identity: { kind: 'anonymous' }, headers: {} }
  if (who === 'service key')
    return {
      accountId: v7(),
      identity: { kind: 'service', name: 'script' },
      headers: { 'x-api-key': serviceKey },
    }
  const person = await newPerson([who === 'key without the scope' ? 'owner' : who])
  if (who !== 'key without the scope') return person
  const { accountId, identity } = person
  const { token: secret } = newToken()
  const key = `dk_${secret}`
  await sql`
    insert into keys (id, account_id, name, token_hash, prefix, scopes)
    values (${v7()}, ${accountId}, 'a key', sha256(${key}::bytea), 'dk_', '{none:read}')`.execute(db)
  return {
    accountId,
    identity: { ...identity, scopes: ['none:read'] },
    headers: { authorization: `Bearer ${key}` },
  }
}

/** As the documentation of `access` says it. */
const mayCall: Record<Access, readonly Who[]> = {
  public: ['anonymous', 'customer', 'staff', 'admin', 'owner', 'service key'],
  account: ['customer', 'staff', 'admin', 'owner', 'service key'],
  staff: ['staff', 'admin', 'owner', 'service key'],
  admin: ['admin', 'owner', 'service key'],
  service: ['service key'],
}

function expected(definition: Definition, who: Who): Outcome {
  const { access, kind } = definition
  if (who === 'key without the scope') return access === 'public' && kind !== 'command' ? 'in' : 'forbidden'
  if (!mayCall[access].includes(who)) return who === 'anonymous' ? 'unauthenticated' : 'forbidden'
  // What is an account's own is nobody's who is none.
  const isOwned = kind !== 'stream' && definition.owned !== undefined
  return isOwned && who === 'service key' ? 'forbidden' : 'in'
}

const [uuid, fingerprint] = [v7(), '0'.repeat(64)]

/** What the least input lacks: a pattern to match, or the sense that lets a caller in who may make the call. */
const inputs: Record<string, () => object | Promise<object>> = {
  'gateway.combine': () => ({ wishes: {} }),
  'identity.addToExport': () => ({ exportId: uuid, service: 'identity', content: {} }),
  'identity.blockRange': () => ({ range: '192.0.2.1', reason: 'a test' }),
  'identity.changePreferences': () => ({
    topics: Object.fromEntries(
      ['security', 'mail', 'chat', 'orders', 'news'].map((topic) => [topic, { email: true, push: true }]),
    ),
    quietHours: null,
  }),
  'identity.changePassword': () => ({ password: 'x', newPassword: 'a tall green postbox' }),
  'identity.checkUserid': () => ({ userid: 'somebody' }),
  'identity.createAccount': () => ({ email: `${v7()}@example.com`, name: 'X' }),
  'identity.createApiKey': () => ({ name: 'a key', scopes: ['*:read'] }),
  'identity.createProfile': () => ({
    email: `${v7()}@example.com`,
    password: 'a tall green postbox',
    name: 'X',
  }),
  'identity.createServiceKey': () => ({ name: v7(), scopes: ['*:read'] }),
  'identity.eraseAccount': victim,
  'identity.importAccounts': () => ({}),
  'identity.offboardAccount': victim,
  'identity.restoreAccount': victim,
  'identity.setRoles': async () => ({ ...(await victim()), roles: ['customer'] }),
  'identity.endAccountSessions': victim,
  'identity.showAccount': victim,
  'identity.setPicture': () => ({}),
  'identity.setPolicy': () => ({ id: 'LIMIT_SERVICE_KEY', rate: null }),
  'identity.setUp': () => ({
    token: 'x',
    name: 'X',
    domain: 'example.org',
    owner: { userid: 'boss', name: 'Boss', password: 'a tall green postbox' },
  }),
  'identity.showPicture': victim,
  'identity.showSession': () => ({ tokenHash: fingerprint }),
  'identity.verifyEmail': () => ({ token: 'x' }),
  'logs.showTrace': () => ({ traceId: fingerprint.slice(32) }),
  'logs.appendAudit': () => ({ actor: 'x', action: 'x', subject: 'x' }),
  'mail.changeLabel': () => ({ labelId: uuid, name: v7() }),
  'mail.addMailDomain': () => ({ name: `d${v7()}.example` }),
  'mail.checkMailDomain': () => ({ name: 'localhost' }),
  'mail.downloadPart': () => ({ messageId: uuid, part: '1' }),
  'mail.saveAddress': () => ({ address: `a${v7()}@localhost`, kind: 'alias', accountIds: [] }),
  'mail.saveDraft': () => ({ draftId: uuid, version: 1, content: {} }),
  'mail.sendDraft': () => ({ draftId: uuid, version: 1 }),
  'mail.saveFilter': () => ({ filterId: uuid, query: 'x', actions: {} }),
  'mail.showThreads': () => ({ threadIds: [uuid] }),
  'mail.saveContact': () => ({ address: 'a@example.org' }),
  'mail.addForwarding': () => ({ address: 'a@example.org' }),
  'mail.tryFilter': () => ({ query: 'x' }),
  'notifications.sendNotification': () => ({ template: 'none', to: { accountId: uuid } }),
  'registry.putInstance': () => ({
    id: v7(),
    service: 'foreign',
    address: 'http://127.0.0.1:1',
    pathPrefix: '/foreign',
    healthPath: '/',
  }),
  'registry.lease': () => ({
    id: v7(),
    services: [{ name: 'none', roles: [] }],
    address: 'tcp://127.0.0.1:1',
    version: '',
    state: 'starting',
  }),
}

async function victim(): Promise<{ accountId: string }> {
  return { accountId: (await newPerson(['customer'])).accountId }
}

/** What is sent to calls that take bytes. */
const uploads: Record<string, string | Buffer> = {
  'identity.importAccounts': 'email,name\nimported@example.com,X\n',
  'identity.setPicture': Buffer.from('89504e470d0a1a0a', 'hex'),
  'mail.uploadAttachment': 'a file',
  'mail.importMail': 'Subject: s\r\n\r\ntext\r\n',
}

/** Makes the thing of an account that the `owned` field of a call names. */
const objects: Record<string, (accountId: string) => Promise<string>> = {
  async 'identity.removeApiKey'(accountId) {
    const id = v7()
    await sql`
      insert into keys (id, account_id, name, token_hash, prefix, scopes)
      values (${id}, ${accountId}, 'a key', sha256(${id}::bytea), 'dk_', '{*:read}')`.execute(db)
    return id
  },
  async 'identity.removeAppPassword'(accountId) {
    const id = v7()
    await sql`
      insert into app_passwords (id, account_id, name, stored_key, server_key)
      values (${id}, ${accountId}, 'a program', '', '')`.execute(db)
    return id
  },
  'identity.renamePasskey': newPasskey,
  'identity.removePasskey': newPasskey,
  async 'identity.downloadExport'(accountId) {
    await using blobs = await openBlobs(`file://${host.dataDirectory}/blobs/identity`, {})
    const { id: blob, sizeBytes } = await blobs.put(Buffer.from(`{"of":"${accountId}"}`))
    const id = v7()
    await sql`
      insert into exports (id, account_id, blob_id, size_bytes, expires_at)
      values (${id}, ${accountId}, ${blob}, ${sizeBytes}, now() + interval '1 hour')`.execute(db)
    return id
  },
}

async function newPasskey(accountId: string): Promise<string> {
  const id = v7()
  await sql`
    insert into passkeys (id, account_id, credential_id, public_key, counter, transports, name, is_synced)
    values (${id}, ${accountId}, ${id}, '', 0, '{}', 'a passkey', false)`.execute(db)
  await sql`
    insert into passwords (account_id, hash) values (${accountId}, 'none') on conflict do nothing`.execute(db)
  return id
}

const nameOf = ({ service, name }: Definition) => `${service}.${name}`
const calls = contracts.flatMap((contract) => Object.values<CallDefinition>(contract.calls))
const streams = contracts.flatMap((contract) => Object.values<StreamDefinition>(contract.streams))

async function inputOf(definition: Definition): Promise<Record<string, unknown>> {
  const given = await inputs[nameOf(definition)]?.()
  return (given ?? leastInput(definition)) as Record<string, unknown>
}

/** Through the gateway where the call has a door, else as services call each other. */
async function make(
  definition: CallDefinition,
  caller: Caller,
  input: Record<string, unknown>,
): Promise<Outcome> {
  const [httpDoor] = definition.http
  if (!httpDoor) {
    const contract = contracts.find(({ name }) => name === definition.service)!
    const client = host.client(contract, caller.identity) as Record<
      string,
      (input: unknown) => Promise<unknown>
    >
    return client[definition.name]!(input).then(() => 'in' as const, outcomeOf)
  }
  const [method = '', path = ''] = httpDoor.split(' ')
  const rest = { ...input }
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(rest[name])
    delete rest[name]
    return encodeURIComponent(value)
  })
  const hasBody = method !== 'GET' && method !== 'DELETE' && !definition.upload
  const query = hasBody ? '' : `?${new URLSearchParams(rest as Record<string, string>).toString()}`
  const body = definition.upload ? uploads[nameOf(definition)]! : hasBody ? rest : undefined
  const reply = await send(door, `${method} ${filled}${query}` as 'GET /', {
    headers: caller.headers,
    ...(body !== undefined && { body }),
  })
  assert.notEqual(reply.status, 500, `${nameOf(definition)}: ${reply.text}`)
  assert.notEqual(reply.json?.code, 'invalid', `${nameOf(definition)}: ${reply.text}`)
  assert.ok(reply.status !== 404 || reply.json.code === 'notFound', `${httpDoor}: there is no such door`)
  return reply.status < 400 ? 'in' : outcomeOf(reply.json)
}

async function open(definition: StreamDefinition, caller: Caller, input: unknown): Promise<Outcome> {
  const contract = contracts.find(({ name }) => name === definition.service)!
  const client = host.client(contract, caller.identity) as unknown as Record<
    string,
    (input: unknown, options: { signal: AbortSignal }) => AsyncIterable<unknown>
  >
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(), 300)
  try {
    for await (const _ of client[definition.name]!(input, { signal: patience.signal })) return 'in'
    return 'in'
  } catch (error) {
    return patience.signal.aborted ? 'in' : outcomeOf(error as CallError)
  } finally {
    clearTimeout(timer)
    patience.abort()
  }
}

/** Declared codes of calls, such as a wrong password, say nothing of who may make them. */
function outcomeOf({ code }: { code: string }): Outcome {
  return code === 'unauthenticated' || code === 'forbidden' || code === 'notFound' ? code : 'in'
}

/** Who is told that something is not there was let in. */
function entrance(outcome: Outcome): Outcome {
  return outcome === 'notFound' ? 'in' : outcome
}

test('no service of the contracts is missing, nor an input that a call would take', async () => {
  const running = services.map(({ contract }) => contract.name)
  assert.deepEqual(contracts.map(({ name }) => name).toSorted(), running.toSorted())
  for (const definition of [...calls, ...streams]) {
    const upload = { blob: fingerprint, sizeBytes: 1, mediaType: 'text/csv' }
    const isUpload = definition.kind !== 'stream' && definition.upload !== undefined
    const input = { ...(await inputOf(definition)), ...(isUpload && { upload }) }
    const parsed = definition.input.safeParse(input)
    assert.ok(
      parsed.success,
      `${nameOf(definition)} takes no ${JSON.stringify(input)}: give it one in "inputs"`,
    )
  }
  const known = new Set([...calls, ...streams].map(nameOf))
  for (const name of [...Object.keys(inputs), ...Object.keys(objects)]) assert.ok(known.has(name), name)
})

test('every call, whoever makes it', async (t) => {
  let made = 0
  for (const definition of calls)
    for (const who of everybody) {
      const caller = await newCaller(who)
      const outcome = entrance(await make(definition, caller, await inputOf(definition)))
      assert.equal(outcome, expected(definition, who), `${nameOf(definition)} by ${who}`)
      made++
    }
  t.diagnostic(`${calls.length} calls, ${made} times`)
})

test('every stream, whoever opens it', async (t) => {
  for (const definition of streams)
    for (const who of everybody) {
      const caller = await newCaller(who)
      const outcome = entrance(await open(definition, caller, await inputOf(definition)))
      assert.equal(outcome, expected(definition, who), `${nameOf(definition)} by ${who}`)
    }
  t.diagnostic(`${streams.length} streams`)
})

test('the id of somebody else’s session ends nothing', async () => {
  const [one, other] = [await newPerson(['owner']), await newPerson(['customer'])]
  assert.ok(other.identity.kind === 'account')
  const body = { id: other.identity.sessionId }
  const reply = await send(door, 'POST /api/me/sessions/end', { headers: one.headers, body })
  assert.deepEqual([reply.status, reply.text], [200, '{"ended":0}'])
  assert.equal((await send(door, 'GET /api/me', { headers: other.headers })).status, 200)
})

test('what belongs to one account: its own, and nobody else’s', async (t) => {
  const owned = calls.filter(({ owned }) => owned !== undefined && owned !== 'self')
  for (const definition of owned) {
    const newObject = objects[nameOf(definition)]
    assert.ok(newObject, `${nameOf(definition)}: say in "objects" how what its field names comes to be`)
    for (const who of everybody) {
      const caller = await newCaller(who)
      const other = await newPerson(['customer'])
      const theirs = await newObject(other.accountId)
      const input = await inputOf(definition)
      const ask = (asking: Caller, id: string) =>
        make(definition, asking, { ...input, [definition.owned!]: id })
      const name = `${nameOf(definition)} by ${who}`
      const refusals: Outcome[] = who === 'anonymous' ? ['unauthenticated'] : ['forbidden', 'notFound']
      assert.ok(refusals.includes(await ask(caller, theirs)), `${name}: somebody else's`)
      assert.equal(await ask(other, theirs), 'in', `${name}: it is still there for its owner`)
      if (caller.identity.kind !== 'account') continue
      const own = await ask(caller, await newObject(caller.accountId))
      assert.equal(own, expected(definition, who), `${name}: his own`)
    }
  }
  t.diagnostic(`${owned.length} calls with an owned field`)
})
