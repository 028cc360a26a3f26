import assert from 'node:assert/strict'
import { argon2Sync } from 'node:crypto'
import { after, before, test } from 'node:test'
import { identity } from '#contracts/identity.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { hashPassword, isPassword } from './passwords.ts'
import { signUp } from './testing.ts'
import identityService from './service.ts'

const cheap = cheapHash('old')
let host: TestHost
before(async () => {
  host = await testHost({ services: [identityService] })
})
after(() => host[Symbol.asyncDispose]())

test('a hash is Argon2id at the cost that OWASP asks for, with a salt of its own', async () => {
  const [one, two] = await Promise.all([hashPassword('same'), hashPassword('same')])
  assert.match(one!, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
  assert.notEqual(one, two)
  const [salt = '', hash = ''] = one!.split('$').slice(4)
  const derived = argon2Sync('argon2id', {
    message: 'same',
    nonce: Buffer.from(salt, 'base64'),
    memory: 19_456,
    passes: 2,
    parallelism: 1,
    tagLength: 32,
  })
  assert.equal(derived.toString('base64').replace('=', ''), hash)
})

test('only the password itself is right, however its letters are composed', async () => {
  const hash = await hashPassword('pâté 🔑')
  assert.equal(await isPassword('pâté 🔑', hash), true)
  assert.equal(await isPassword('pa\u0302te\u0301 🔑', hash), true)
  for (const wrong of ['', 'pate 🔑', 'pâté 🔑 ', 'PÂTÉ 🔑'])
    assert.equal(await isPassword(wrong, hash), false, wrong)
  assert.equal(await isPassword('', undefined), false)
  assert.equal(await isPassword('\0', undefined), false)
})

test('a hash of other parameters is checked with those; what is no hash is a bug', async () => {
  assert.equal(await isPassword(cheap.password, cheap.phc), true)
  assert.equal(await isPassword('new', cheap.phc), false)
  for (const broken of ['', 'plain', '$2b$12$abc', '$argon2id$v=19$m=1,t=1$a$b'])
    await assert.rejects(isPassword('old', broken), /not Argon2id/)
})

test('hashes wait in line, and a line that is too long is refused', async () => {
  const results = await Promise.allSettled(Array.from({ length: 90 }, () => isPassword('x', cheap.phc)))
  const refused = results.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
  assert.ok(refused.length >= 20 && refused.length <= 25, `${refused.length} of 90`)
  for (const { reason } of refused) assert.equal((reason as { code: string }).code, 'overloaded')
})

test('whoever waits for a hash holds no connection to the database', async () => {
  const settings = { DATABASE_POOL_SIZE: '4' }
  await using small = await testHost({ services: [identityService], settings })
  const { userid, client } = await signUp(small, 'waits@localhost')
  const anonymous = small.client(identity, { kind: 'anonymous' })
  let signedIn = 0
  const signingIn = Array.from({ length: 12 }, async () => {
    await anonymous.login({ userid, password: 'password' }, { deadlineMs: 60_000 })
    signedIn++
  })
  await client.listSessions({})
  assert.ok(signedIn < 6, `${signedIn} signed in first`)
  await Promise.all(signingIn)
})

test('the time of an answer does not tell whether there is an account', async () => {
  const { userid } = await signUp(host, 'timed@localhost')
  const anonymous = host.client(identity, { kind: 'anonymous' })
  const time = async (userid: string) => {
    const startedAt = performance.now()
    await assert.rejects(anonymous.login({ userid, password: 'a wrong one' }), { code: 'wrongCredentials' })
    return performance.now() - startedAt
  }
  const known: number[] = []
  const unknown: number[] = []
  await time(userid)
  for (let round = 0; round < rounds; round++) {
    // In turn and in changing order, so that a noisy moment falls on both.
    if (round % 2) known.push(await time(userid))
    unknown.push(await time(`nobody${round}@localhost`))
    if (!(round % 2)) known.push(await time(userid))
  }
  const pValue = mannWhitney(known, unknown)
  assert.ok(pValue > 0.001, `p = ${pValue}`)
})

/** As another program may have hashed it. */
function cheapHash(password: string) {
  const parameters = { memory: 1024, passes: 1, parallelism: 1, tagLength: 16 }
  const hash = argon2Sync('argon2id', { ...parameters, message: password, nonce: Buffer.alloc(8) })
  const [salt, tag] = [Buffer.alloc(8), hash].map((bytes) => bytes.toString('base64').replaceAll('=', ''))
  return { password, phc: `$argon2id$v=19$m=1024,t=1,p=1$${salt}$${tag}` }
}

/** Of each kind. */
const rounds = Number(process.env.TIMING_ROUNDS ?? 25)

/** Two-sided p of the hypothesis that both samples come from one distribution, by the normal approximation. */
function mannWhitney(a: number[], b: number[]): number {
  let wins = 0
  for (const x of a) for (const y of b) wins += x > y ? 1 : x === y ? 0.5 : 0
  const mean = (a.length * b.length) / 2
  const deviation = Math.sqrt((a.length * b.length * (a.length + b.length + 1)) / 12)
  const z = Math.abs(wins - mean) / deviation
  // Abramowitz and Stegun 26.2.17.
  const t = 1 / (1 + 0.2316419 * z)
  const tail =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return 2 * (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * tail
}
