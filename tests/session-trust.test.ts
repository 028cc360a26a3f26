/** How a gateway's memory of sessions stays true when revocations, identity or both are cut off. */
import { eventually } from '#platform/testing/eventually.ts'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Client } from '#contracts/client.ts'
import { standardError } from '#contracts/errors.ts'
import { identity } from '#contracts/identity.ts'
import { openDatabase } from '#platform/database/pool.ts'
import type { Identity } from '#platform/identity.ts'
import { silentLogger } from '#platform/log.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { sessionLimits, Sessions, type IsOver } from '#services/gateway/sessions/sessions.ts'
import identityService from '#services/identity/service.ts'

let host: TestHost
before(async () => {
  host = await testHost({ services: [identityService] })
})
after(() => host[Symbol.asyncDispose]())

let people = 0

async function signUp() {
  const anonymous = host.client(identity, { kind: 'anonymous' })
  const credentials = { userid: `trusted${++people}@localhost`, password: 'a tall green postbox' }
  await anonymous.createProfile({ ...credentials, name: 'Somebody' })
  return signIn(credentials)
}

async function signIn(credentials: { userid: string; password: string }) {
  const answer = await host.client(identity, { kind: 'anonymous' }).login(credentials)
  assert.ok('token' in answer)
  const { token, account } = answer
  const as: Identity = { kind: 'account', accountId: account.id, sessionId: '', roles: ['customer'] }
  return {
    credentials,
    token,
    accountId: account.id,
    endAll: () => host.client(identity, as).endSessions({}),
  }
}

/** The line to identity, which can be cut. */
class Line {
  readonly client: Client<typeof identity>
  asks = 0
  /** Answers wait for it. */
  gate = Promise.resolve()
  #isSilent = false
  #cut = new AbortController()

  constructor() {
    const real = host.client(identity)
    this.client = new Proxy(real, {
      get: (_, name) => {
        if (name === 'showSession') return this.#ask.bind(this, real)
        if (name === 'revocations') return this.#follow.bind(this, real)
        return real[name as keyof typeof real]
      },
    })
  }

  /** Its stream of revocations alone, or its answers as well. */
  cut(what: 'stream' | 'all'): void {
    this.#isSilent = what === 'all'
    this.#cut.abort()
  }

  heal(): void {
    this.#isSilent = false
    this.#cut = new AbortController()
  }

  async #ask(real: Client<typeof identity>, input: { tokenHash: string }) {
    this.asks++
    if (this.#isSilent) throw standardError('unavailable')
    const answer = await real.showSession(input)
    await this.gate
    return answer
  }

  async *#follow(
    real: Client<typeof identity>,
    input: { after?: number },
    { signal }: { signal: AbortSignal },
  ) {
    if (this.#cut.signal.aborted) throw standardError('unavailable')
    yield* real.revocations(input, { signal: AbortSignal.any([signal, this.#cut.signal]) })
  }
}

async function remember(limits: Partial<typeof sessionLimits> = {}) {
  const line = new Line()
  const sessions = new Sessions({
    client: line.client,
    log: silentLogger,
    limits: { ...sessionLimits, ...limits },
  })
  const told: IsOver[] = []
  sessions.onRevoked((isOver) => void told.push(isOver))
  await eventually(() => told.length === 1) // The stream is open.
  return { line, sessions, told, [Symbol.asyncDispose]: () => sessions[Symbol.asyncDispose]() }
}

/** Gives the milliseconds that it took. */
test('what was revoked while the stream was cut is refused as soon as it is back', async () => {
  await using memory = await remember()
  const { line, sessions } = memory
  const { token, endAll } = await signUp()
  assert.ok(await sessions.find(token))
  for (let round = 0; round < 3; round++) {
    const { token, endAll } = await signUp()
    assert.equal((await sessions.find(token))?.kind, 'account')
    line.cut('stream')
    await endAll()
    assert.ok(!(sessions.find(token) instanceof Promise), 'still trusted')
    line.heal()
    const ms = await eventually(async () => (await sessions.find(token)) === undefined)
    assert.ok(ms < 2_000, `${ms} ms of the ${sessionLimits.unheardMs} for which it is trusted`)
  }
  assert.ok(!(sessions.find(token) instanceof Promise), 'others are remembered all along')
  await endAll()
})

test('while the stream stays cut, sessions are asked for anew, and soon', async () => {
  await using memory = await remember({ unheardMs: 300 })
  const { line, sessions } = memory
  const { token, endAll } = await signUp()
  const other = await signUp()
  await sessions.find(token)
  await sessions.find(other.token)
  line.cut('stream')
  await endAll()
  const ms = await eventually(async () => (await sessions.find(token)) === undefined)
  assert.ok(ms < 1_000, `${ms} ms`)
  assert.equal((await sessions.find(other.token))?.kind, 'account')
})

test('with identity gone known sessions go on for a time that nothing extends, and unknown ones get 503', async () => {
  await using memory = await remember({ unheardMs: 200, silentMs: 1_500, restMs: 100 })
  const { line, sessions, told } = memory
  const known = await signUp()
  const unknown = await signUp()
  await sessions.find(known.token)
  line.cut('all')
  const cutAt = performance.now()
  const isOver = told.length
  while (performance.now() - cutAt < 1_000) {
    assert.equal((await sessions.find(known.token))?.kind, 'account')
    await assert.rejects(Promise.resolve(sessions.find(unknown.token)), { code: 'unavailable' })
    await sleep(50)
  }
  await eventually(() =>
    Promise.resolve(sessions.find(known.token)).then(
      () => false,
      () => true,
    ),
  )
  assert.ok(performance.now() - cutAt < 2_500)
  await eventually(() => told.length > isOver)
  const who: Identity = { kind: 'account', accountId: known.accountId, sessionId: '', roles: [] }
  assert.equal(told.at(-1)!(who), true, 'what lives longer than a request ends too')
  assert.equal(told.at(-1)!({ kind: 'service', name: 'test' }), false)
  line.heal()
  await eventually(async () => {
    const found = await Promise.resolve(sessions.find(known.token)).catch(() => undefined)
    return found?.kind === 'account'
  })
})

test('many who ask at once for a session that is not known make one ask, and then none', async () => {
  await using memory = await remember()
  const { line, sessions } = memory
  const { token } = await signUp()
  const found = await Promise.all(Array.from({ length: 1000 }, () => sessions.find(token)))
  assert.equal(new Set(found).size, 1)
  for (let i = 0; i < 1000; i++) assert.equal(sessions.find(token), found[0])
  assert.equal(line.asks, 1)
})

test('a session that ends while identity is asked for it is not let in by the late answer', async () => {
  await using memory = await remember()
  const { line, sessions, told } = memory
  for (let round = 0; round < 5; round++) {
    const { token, endAll } = await signUp()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    const { asks } = line
    line.gate = gate
    const found = Promise.resolve(sessions.find(token))
    await sleep(20)
    const before = told.length
    await endAll()
    await eventually(() => told.length > before)
    line.gate = Promise.resolve()
    open()
    assert.equal(await found, undefined)
    assert.equal(line.asks, asks + 2)
  }
})

test('roles that change while identity is asked are the new ones', async () => {
  await using memory = await remember()
  const { line, sessions, told } = memory
  const { token, accountId } = await signUp()
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  line.gate = gate
  const found = Promise.resolve(sessions.find(token))
  await sleep(20)
  await host.client(identity).setRoles({ accountId, roles: ['staff'] })
  await eventually(() => told.length > 1)
  line.gate = Promise.resolve()
  open()
  assert.deepEqual(((await found) as unknown as { roles: string[] }).roles, ['staff'])
})

test('a token that is nobody’s is asked for once in a while, and no number of them fills the memory', async () => {
  await using memory = await remember({ unknownMs: 200, mostUnknown: 50 })
  const { line, sessions } = memory
  const token = 'A'.repeat(43)
  for (let i = 0; i < 100; i++) assert.equal(await sessions.find(token), undefined)
  assert.equal(line.asks, 1)
  await sleep(250)
  await sessions.find(token)
  assert.equal(line.asks, 2)
  for (let i = 0; i < 200; i++) await sessions.find(String(i).padStart(43, 'A'))
  assert.equal(await sessions.find(token), undefined)
  assert.ok(line.asks >= 202)
})

test('whoever was away for too long forgets everything', async () => {
  await using database = openDatabase({ url: host.databaseUrl })
  await using memory = await remember()
  const { line, sessions, told } = memory
  const { token, endAll } = await signUp()
  await sessions.find(token)
  line.cut('stream')
  await endAll()
  await sql`delete from revocations`.execute(database.forService('identity'))
  line.heal()
  await eventually(() => told.length > 1)
  assert.equal(await sessions.find(token), undefined)
})

test('listeners learn which identities are over', async () => {
  await using memory = await remember()
  const { told } = memory
  const one = await signUp()
  const { sessions } = memory
  const who = (await sessions.find(one.token))!
  assert.equal(who.kind, 'account')
  const stranger: Identity = {
    ...(who as Extract<Identity, { kind: 'account' }>),
    accountId: 'x',
    sessionId: 'y',
  }
  await one.endAll()
  await eventually(() => told.length > 1)
  assert.deepEqual([who, stranger].map(told[1]!), [true, false])
  await host.client(identity).setRoles({ accountId: one.accountId, roles: ['admin'] })
  await eventually(() => told.length > 2)
  assert.deepEqual([who, stranger].map(told[2]!), [true, false])
})

test('a session past its time is not known any more, even to a gateway that remembers it', async () => {
  await using database = openDatabase({ url: host.databaseUrl })
  await using memory = await remember()
  const { sessions } = memory
  const { token } = await signUp()
  const db = database.forService('identity')
  await sql`update sessions set created_at = now() - interval '90 days' + interval '400 ms',
    expires_at = now() + interval '400 ms' where token_hash = sha256(${token}::bytea)`.execute(db)
  assert.equal((await sessions.find(token))?.kind, 'account')
  const ms = await eventually(async () => (await sessions.find(token)) === undefined)
  assert.ok(ms > 100 && ms < 1_000, `${ms} ms`)
})
