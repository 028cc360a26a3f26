import assert from 'node:assert/strict'
import { createHmac, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { after, before, test } from 'node:test'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose'
import { sql } from 'kysely'
import { identity } from '#contracts/identity.ts'
import { openKeys } from '#platform/host/keys.ts'
import { createSecretBox } from '#platform/host/secret-box.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import identityService from '#services/identity/service.ts'
import { databaseOf, password, signUp } from '#services/identity/testing.ts'

let host: TestHost
let database: ReturnType<typeof databaseOf>
before(async () => {
  host = await testHost({ services: [identityService] })
  database = databaseOf(host)
})
after(async () => {
  await database[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

const anonymous = () => host.client(identity, { kind: 'anonymous' })
const run = (statement: ReturnType<typeof sql>) => statement.execute(database.db)

async function signInApp(userid: string) {
  const answer = await anonymous().login({ userid, password, client: 'app' })
  assert.ok('token' in answer)
  return { ...answer, refreshToken: answer.refreshToken! }
}

const sessionBehind = async (accessToken: string) =>
  (await host.client(identity).showSession({ accessToken })).session

const refresh = (refreshToken: string) =>
  anonymous()
    .refreshToken({ refreshToken }, { deadlineMs: 60_000 })
    .then(
      (tokens) => tokens,
      ({ code, status }) => {
        assert.deepEqual({ code, status }, { code: 'refreshRefused', status: 401 })
        return undefined
      },
    )

test('an app gets a token that says whose it is, for ten minutes, and that anybody can check', async () => {
  const { userid, account } = await signUp(host, 'app@localhost')
  const { token, expiresAt } = await signInApp(userid)
  const { alg, kid, typ } = decodeProtectedHeader(token)
  assert.deepEqual({ alg, typ }, { alg: 'EdDSA', typ: 'at+jwt' })
  const { keys } = await host.client(identity, { kind: 'anonymous' }).listSigningKeys({})
  assert.equal(keys[0]!.kid, kid)
  for (const key of keys)
    assert.deepEqual(Object.keys(key).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x'])
  const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: keys as never }))
  const { iss, aud, sub, sid, roles, iat, exp, jti } = payload
  assert.deepEqual(
    { iss, aud, sub, roles, life: exp! - iat! },
    { iss: 'http://localhost:0', aud: 'dakghar', sub: account.id, roles: ['customer'], life: 600 },
  )
  assert.ok(jti)
  assert.equal(new Date(exp! * 1000).toISOString(), expiresAt)
  const { isVerified, ...session } = (await sessionBehind(token)) as { isVerified: boolean }
  assert.deepEqual(session, {
    kind: 'account',
    id: sid,
    accountId: account.id,
    roles: ['customer'],
    scopes: null,
    expiresAt,
  })
  assert.equal(isVerified, false)
})

test('a token is nobody’s once its session has ended, or its account is disabled', async () => {
  const { userid, client, account } = await signUp(host, 'ends@localhost')
  const { token } = await signInApp(userid)
  await run(sql`update accounts set roles = array['staff'] where id = ${account.id}`)
  assert.deepEqual(((await sessionBehind(token)) as { roles: string[] }).roles, ['staff'], 'as they are now')
  await run(sql`update accounts set disabled_at = now() where id = ${account.id}`)
  assert.equal(await sessionBehind(token), null)
  await run(sql`update accounts set disabled_at = null where id = ${account.id}`)
  const [app] = (await client.listSessions({})).items
  assert.equal(app!.client, 'app')
  await client.endSessions({ id: app!.id })
  assert.equal(await sessionBehind(token), null)
})

test('what is signed otherwise, by others, for others or too long ago is no token', async () => {
  const { userid } = await signUp(host, 'forged@localhost')
  const { token } = await signInApp(userid)
  const header = decodeProtectedHeader(token)
  const claims = decodeJwt(token)
  const { rows } = await sql<{ public_key: { x: string } }>`select public_key from signing_keys`.execute(
    database.db,
  )
  const publicBytes = Buffer.from(rows[0]!.public_key.x, 'base64url')
  const stranger = generateKeyPairSync('ed25519')
  const [head, body, signature] = token.split('.') as [string, string, string]
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const signedBy = (key: Parameters<typeof sign>[2], head: object, body: object = claims) => {
    const text = `${encode(head)}.${encode(body)}`
    return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`
  }
  const ours = createPrivateKey({ key: await ourKey(), format: 'jwk' })
  assert.ok(await sessionBehind(signedBy(ours, header)), 'the forger below can sign what is right')
  const hmac = (key: string | Buffer) => {
    const text = `${encode({ ...header, alg: 'HS256' })}.${body}`
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
  }
  const pem = generatePem(publicBytes)
  const now = Math.floor(Date.now() / 1000)
  const forged: Record<string, string> = {
    none: `${encode({ ...header, alg: 'none' })}.${body}.`,
    'none with the signature': `${encode({ ...header, alg: 'none' })}.${body}.${signature}`,
    'None in another case': `${encode({ ...header, alg: 'NoNe' })}.${body}.`,
    'no signature': `${head}.${body}.`,
    'other claims': `${head}.${encode({ ...claims, roles: ['owner'] })}.${signature}`,
    'HMAC with the public key': hmac(publicBytes),
    'HMAC with its PEM': hmac(pem),
    'HMAC with nothing': hmac(''),
    'a foreign key': signedBy(stranger.privateKey, header),
    'a key that comes along': signedBy(stranger.privateKey, {
      ...header,
      jwk: stranger.publicKey.export({ format: 'jwk' }),
    }),
    'no kid': signedBy(ours, { alg: 'EdDSA', typ: 'at+jwt' }),
    'another kid': signedBy(ours, { ...header, kid: 'another' }),
    'a kid that is a path': signedBy(ours, { ...header, kid: '../../dev/null' }),
    'another type': signedBy(ours, { ...header, typ: 'JWT' }),
    'no type': signedBy(ours, { alg: 'EdDSA', kid: header.kid! }),
    'a critical extension': signedBy(ours, { ...header, crit: ['exp2'], exp2: 1 }),
    'another issuer': signedBy(ours, header, { ...claims, iss: 'https://evil.example' }),
    'another audience': signedBy(ours, header, { ...claims, aud: 'elsewhere' }),
    'no audience': signedBy(ours, header, { ...claims, aud: undefined }),
    'past its time': signedBy(ours, header, { ...claims, exp: now - 1 }),
    'without an end': signedBy(ours, header, { ...claims, exp: undefined }),
    'not begun': signedBy(ours, header, { ...claims, nbf: now + 60 }),
    'another account': signedBy(ours, header, { ...claims, sub: '019a0000-0000-7000-8000-000000000000' }),
    'no uuid': signedBy(ours, header, { ...claims, sid: "' or true" }),
    nothing: '..',
    words: 'eyJ.not.json',
  }
  for (const [how, token] of Object.entries(forged)) assert.equal(await sessionBehind(token), null, how)
  assert.ok(await sessionBehind(token))
})

test('a browser’s token is no access token, and its session is none of an app', async () => {
  const { session, account } = await signUp(host, 'mixed@localhost')
  assert.equal(await sessionBehind(session.token), null)
  const key = createPrivateKey({ key: await ourKey(), format: 'jwk' })
  const { rows } = await sql<{ id: string }>`select id from signing_keys where retired_at is null`.execute(
    database.db,
  )
  const token = await new SignJWT({ sid: session.id, roles: ['customer'] })
    .setProtectedHeader({ alg: 'EdDSA', kid: rows[0]!.id, typ: 'at+jwt' })
    .setIssuer('http://localhost:0')
    .setAudience('dakghar')
    .setSubject(account.id)
    .setIssuedAt()
    .setExpirationTime('5m')
    .setJti('1')
    .sign(key)
  assert.equal(await sessionBehind(token), null)
})

test('a refresh token gives the next one, once', async () => {
  const { userid } = await signUp(host, 'refreshes@localhost')
  const first = await signInApp(userid)
  let { refreshToken } = first
  for (let i = 0; i < 5; i++) {
    const next = (await refresh(refreshToken))!
    assert.notEqual(next.refreshToken, refreshToken)
    assert.ok(await sessionBehind(next.token))
    refreshToken = next.refreshToken
  }
  assert.ok(await sessionBehind(first.token), 'an access token goes on to its end')
  assert.equal(await refresh('A'.repeat(43)), undefined)
  assert.ok(await refresh(refreshToken), 'a made-up one ends nothing')
})

test('a refresh token that is used again ends the session, and is told', async () => {
  const { userid, account } = await signUp(host, 'stolen@localhost')
  const { token, refreshToken } = await signInApp(userid)
  const next = (await refresh(refreshToken))!
  const { sid } = decodeJwt(token)
  assert.equal(await refresh(refreshToken), undefined)
  assert.equal(await sessionBehind(next.token), null)
  assert.equal(await refresh(next.refreshToken), undefined)
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from revocations where account_id = ${account.id} and session_id = ${sid as string}`.execute(
    database.db,
  )
  assert.equal(rows[0]!.count, 1)
})

test('of fifty that use one refresh token at once, at most one gets another, which is of no use', async () => {
  const { userid } = await signUp(host, 'raced@localhost')
  for (let round = 0; round < 4; round++) {
    const { refreshToken } = await signInApp(userid)
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(refreshToken)))
    const given = answers.filter((answer) => answer !== undefined)
    assert.equal(given.length, 1)
    assert.equal(await sessionBehind(given[0]!.token), null)
    assert.equal(await refresh(given[0]!.refreshToken), undefined)
  }
})

test('reuse that races the use of the next token ends the session all the same', async () => {
  const { userid } = await signUp(host, 'crossed@localhost')
  for (let round = 0; round < 10; round++) {
    const { refreshToken } = await signInApp(userid)
    const next = (await refresh(refreshToken))!
    const [again, after] = await Promise.all([refresh(refreshToken), refresh(next.refreshToken)])
    assert.equal(again, undefined)
    if (after) assert.equal(await sessionBehind(after.token), null)
    assert.equal(await refresh(after?.refreshToken ?? next.refreshToken), undefined)
  }
})

test('nobody refreshes for a disabled account, past the end of a session, or after its longest life', async () => {
  const { userid, account } = await signUp(host, 'over@localhost')
  const { refreshToken } = await signInApp(userid)
  await run(sql`update accounts set disabled_at = now() where id = ${account.id}`)
  assert.equal(await refresh(refreshToken), undefined)
  await run(sql`update accounts set disabled_at = null where id = ${account.id}`)
  const late = await signInApp(userid)
  await run(sql`update sessions set expires_at = now() where id = ${decodeJwt(late.token).sid as string}`)
  assert.equal(await refresh(late.refreshToken), undefined)
  const long = await signInApp(userid)
  const longId = decodeJwt(long.token).sid as string
  await run(sql`update sessions set created_at = now() - interval '89 days', expires_at = now() + interval '1 hour'
    where id = ${longId}`)
  assert.ok(await refresh(long.refreshToken))
  const end = await sql<{ days: number }>`
    select extract(epoch from expires_at - now())::float8 / 86400 as days from sessions where id = ${longId}`.execute(
    database.db,
  )
  assert.ok(Math.abs(end.rows[0]!.days - 1) < 0.01, 'no longer than 90 days in all')
})

test('keys change after a month; what the last one signed counts until it is over', async () => {
  const { userid } = await signUp(host, 'rotates@localhost')
  const { token } = await signInApp(userid)
  const kids = async () => (await anonymous().listSigningKeys({})).keys.map(({ kid }) => kid)
  const old = decodeProtectedHeader(token).kid
  await run(sql`update signing_keys set created_at = now() - interval '31 days'`)
  const tokens = await Promise.all(Array.from({ length: 8 }, () => signInApp(userid)))
  const used = new Set(tokens.map(({ token }) => decodeProtectedHeader(token).kid))
  assert.equal(used.size, 1, 'one new key, however many ask for it at once')
  assert.ok(!used.has(old))
  assert.deepEqual(await kids(), [...used, old])
  assert.ok(await sessionBehind(token))
  await run(
    sql`update signing_keys set retired_at = now() - interval '16 minutes' where retired_at is not null`,
  )
  assert.deepEqual(await kids(), [...used])
  assert.equal(await sessionBehind(token), null)
})

test('private keys are kept sealed', async () => {
  const { userid } = await signUp(host, 'sealed@localhost')
  await signInApp(userid)
  const { rows } = await sql<{
    sealed: Buffer
  }>`select sealed_private_key as sealed from signing_keys`.execute(database.db)
  assert.ok(rows.every(({ sealed }) => !sealed.toString('latin1').includes('"d"')))
})

/** The private key that signs, opened as the service does it. */
async function ourKey() {
  const { rows } = await sql<{ id: string; sealed: Buffer }>`
    select id, sealed_private_key as sealed from signing_keys where retired_at is null`.execute(database.db)
  const { clusterKey } = await openKeys(host.dataDirectory, {})
  const { id, sealed } = rows[0]!
  return JSON.parse(createSecretBox(clusterKey, 'identity').open(sealed, `signing key ${id}`))
}

/** SubjectPublicKeyInfo of Ed25519, RFC 8410 §4. */
function generatePem(publicBytes: Buffer): string {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicBytes])
  return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`
}
