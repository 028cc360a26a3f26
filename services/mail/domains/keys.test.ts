import { deepEqual, equal, notEqual, ok, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { parseKeyRecord } from '../authentication/public-key.ts'
import { characterStrings, makeDomainKeys, quotedStrings, selectorFor } from './keys.ts'

const day = new Date('2026-11-21T12:00:00Z')

test('a domain gets an RSA-2048 and an Ed25519 key, with records that verifiers read', async () => {
  const [rsa, ed25519] = await makeDomainKeys(day)
  equal(rsa?.selector, 'r20261121')
  equal(ed25519?.selector, 'e20261121')
  ok(rsa?.privateKey.startsWith('-----BEGIN PRIVATE KEY-----'))
  const rsaKey = parseKeyRecord(rsa.publicRecord)
  const edKey = parseKeyRecord(ed25519!.publicRecord)
  ok(typeof rsaKey === 'object' && typeof edKey === 'object')
  deepEqual([rsaKey.type, rsaKey.bits], ['rsa', 2048])
  deepEqual([edKey.type, edKey.bits], ['ed25519', 256])
  const [again] = await makeDomainKeys(day, ['r20261121'])
  equal(again?.selector, 'r20261121b')
  notEqual(again?.publicRecord, rsa.publicRecord)
})

test('selectors of one day end with z', () => {
  const taken = ['', ...'bcdefghijklmnopqrstuvwxyz'].map((letter) => `e20261121${letter}`)
  equal(selectorFor('ed25519', day, taken.slice(0, -1)), 'e20261121z')
  throws(() => selectorFor('ed25519', day, taken), /taken/)
})

test('a long record is cut into strings of 255', () => {
  deepEqual(
    characterStrings('a'.repeat(600)).map((part) => part.length),
    [255, 255, 90],
  )
  equal(quotedStrings('say "x"'), String.raw`"say \"x\""`)
  equal(quotedStrings(''), '""')
})
