import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { SignJWT } from 'jose'
import type { Identity } from '#platform/identity.ts'
import { createIdentityTokens } from './identity-tokens.ts'

const account: Identity = { kind: 'account', accountId: 'a1', sessionId: 's1', roles: ['staff'] }
const clusterKey = randomBytes(32)

test('any process with the cluster key verifies what another one signed, then from memory', async () => {
  const token = await createIdentityTokens(clusterKey).sign(account)
  const tokens = createIdentityTokens(clusterKey)
  assert.deepEqual(await tokens.verify(token), account)
  assert.deepEqual(tokens.verify(token), account, 'the second look is no promise')
})

test('the same identity is signed once', async () => {
  const tokens = createIdentityTokens(clusterKey)
  const token = await tokens.sign(account)
  assert.equal(tokens.sign({ ...account }), token)
})

test('an anonymous caller has no token, and no token is an anonymous caller', () => {
  const tokens = createIdentityTokens(clusterKey)
  assert.equal(tokens.sign({ kind: 'anonymous' }), undefined)
  assert.deepEqual(tokens.verify(undefined), { kind: 'anonymous' })
})

test('forged, foreign, changed, expired and unsigned tokens are refused', async (t) => {
  const tokens = createIdentityTokens(clusterKey)
  const token = (await tokens.sign(account))!
  const [header, payload, signature] = token.split('.')
  const richer = Buffer.from(
    Buffer.from(payload!, 'base64url').toString().replace('staff', 'owner'),
  ).toString('base64url')
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url')
  const symmetric = await new SignJWT({ identity: account })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1m')
    .sign(clusterKey)
  const bad: Record<string, string> = {
    foreign: (await createIdentityTokens(randomBytes(32)).sign(account))!,
    changed: `${header}.${richer}.${signature}`,
    unsigned: `${unsigned}.${payload}.`,
    symmetric,
    empty: '',
    noise: 'a.b.c',
  }
  for (const [name, text] of Object.entries(bad))
    await t.test(name, () => assert.rejects(async () => tokens.verify(text), { code: 'unauthenticated' }))
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 5 * 60_000 + 1000 })
  await assert.rejects(async () => createIdentityTokens(clusterKey).verify(token), {
    code: 'unauthenticated',
  })
})
