import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createSecretBox } from './secret-box.ts'

const box = createSecretBox(randomBytes(32), 'identity')

test('what is sealed is opened again, and looks different each time', () => {
  const [one, two] = [box.seal('গোপন', 'a'), box.seal('গোপন', 'a')]
  assert.notDeepEqual(one, two)
  assert.ok(!one.includes('গোপন'))
  assert.equal(box.open(one, 'a'), 'গোপন')
})

test('nothing else opens: another service, another row, another key, a changed byte', () => {
  const key = randomBytes(32)
  const sealed = createSecretBox(key, 'identity').seal('secret', 'account 1')
  assert.throws(() => createSecretBox(key, 'mail').open(sealed, 'account 1'))
  assert.throws(() => createSecretBox(key, 'identity').open(sealed, 'account 2'))
  assert.throws(() => box.open(sealed, 'account 1'))
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed[at]! ^= 1
    assert.throws(() => createSecretBox(key, 'identity').open(changed, 'account 1'), `byte ${at}`)
  }
})

test('a digest is the same for the same text about the same thing only', () => {
  const digest = box.digest('123456', 'code 1').toString('hex')
  assert.equal(box.digest('123456', 'code 1').toString('hex'), digest)
  assert.notEqual(box.digest('123456', 'code 2').toString('hex'), digest)
  assert.notEqual(
    createSecretBox(randomBytes(32), 'identity').digest('123456', 'code 1').toString('hex'),
    digest,
  )
})
