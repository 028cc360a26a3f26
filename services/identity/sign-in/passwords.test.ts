import assert from 'node:assert/strict'
import { argon2Sync } from 'node:crypto'
import { test } from 'node:test'
import bcrypt from 'bcrypt'
import { hashPassword, isOutdated, isPassword } from './passwords.ts'

test('a hash is Argon2id at the cost that OWASP asks for, with a salt of its own', async () => {
  const [one, two] = await Promise.all([hashPassword('same'), hashPassword('same')])
  assert.match(one!, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
  assert.notEqual(one, two)
  assert.equal(isOutdated(one!), false)
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

test('hashes that other programs made are checked as they were made, and are outdated', async () => {
  for (const variant of ['argon2d', 'argon2i', 'argon2id'] as const) {
    const phc = foreignHash(variant, 'old one')
    assert.equal(await isPassword('old one', phc), true, variant)
    assert.equal(await isPassword('new one', phc), false, variant)
    assert.equal(isOutdated(phc), true)
  }
  const made = await bcrypt.hash('old one', 4)
  for (const version of ['2a', '2b', '2y']) {
    const hash = made.replace('2b', version)
    assert.equal(await isPassword('old one', hash), true, version)
    assert.equal(await isPassword('new one', hash), false, version)
    assert.equal(isOutdated(hash), true)
  }
})

test('bcrypt hashes of letters that were not composed are right too', async () => {
  const apart = 'pa\u0302te\u0301'
  assert.equal(await isPassword(apart, await bcrypt.hash(apart, 4)), true)
  assert.equal(await isPassword(apart, await bcrypt.hash(apart.normalize('NFC'), 4)), true)
})

test('the password of a hash that can not be checked is never right, and costs as much as any', async () => {
  const [salt, tag] = ['AAAAAAAAAAA', 'AAAAAAAAAAAAAAAAAAAAAA']
  for (const unknown of [
    '',
    'plain',
    '$2b$12$abc',
    `$2b$31$${'a'.repeat(53)}`,
    '$argon2id$v=19$m=1,t=1$a$b',
    `$argon2id$v=16$m=1024,t=1,p=1$${salt}$${tag}`,
    `$argon2id$v=19$m=4194304,t=1,p=1$${salt}$${tag}`,
    `$argon2id$v=19$m=8,t=1,p=2$${salt}$${tag}`,
    `$argon2id$v=19$m=1024,t=0,p=1$${salt}$${tag}`,
    `$argon2id$v=19$m=1024,t=1,p=1$AAAA$${tag}`,
    '$scrypt$ln=16,r=8,p=1$c2FsdA$aGFzaA',
    '{SSHA}2mY7ddFzdN8Gv8zZyrDgWRZMzIy5c0Ng',
  ]) {
    const startedAt = performance.now()
    assert.equal(await isPassword('plain', unknown), false, unknown)
    assert.ok(performance.now() - startedAt > 3, `${unknown} was refused at once`)
  }
})

/** As another program may have made it. */
function foreignHash(variant: 'argon2d' | 'argon2i' | 'argon2id', password: string): string {
  const parameters = { memory: 1024, passes: 1, parallelism: 1, tagLength: 16 }
  const hash = argon2Sync(variant, { ...parameters, message: password, nonce: Buffer.alloc(8) })
  const [salt, tag] = [Buffer.alloc(8), hash].map((bytes) => bytes.toString('base64').replaceAll('=', ''))
  return `$${variant}$v=19$m=1024,t=1,p=1$${salt}$${tag}`
}
