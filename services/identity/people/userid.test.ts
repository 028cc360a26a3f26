import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readIdentifier, readPhone } from './identifiers.ts'
import { isReserved, readUserid } from './userid.ts'

const domains = ['shop.example', 'other.example']

test('a userid is a mailbox of one of our domains, in lower case', () => {
  const read: Record<string, string> = {
    ann: 'ann@shop.example',
    ' Ann.Lee@Shop.Example ': 'ann.lee@shop.example',
    'a_b-c9@other.example': 'a_b-c9@other.example',
    a: 'malformed',
    '': 'malformed',
    '@shop.example': 'malformed',
    'ann@shop.example@shop.example': 'malformed',
    '.ann': 'malformed',
    'ann.': 'malformed',
    'a..n': 'malformed',
    'ann lee': 'malformed',
    änn: 'malformed',
    'а\u043dn': 'malformed',
    ['a'.repeat(65)]: 'malformed',
    'ann@example.com': 'foreignDomain',
  }
  for (const [given, expected] of Object.entries(read)) {
    const found = readUserid(given, domains)
    assert.equal('problem' in found ? found.problem : found.userid, expected, given)
  }
})

test('userids that look alike have one skeleton', () => {
  const skeletonOf = (given: string) => {
    const found = readUserid(given, domains)
    return 'problem' in found ? found.problem : found.skeleton
  }
  const alike = [
    ['ann.lee', 'annlee', 'a.n.n-lee', 'ann_lee'],
    ['bo0k', 'b0ok', 'book'],
    ['bi11', 'bill'],
    ['modern', 'modem', 'rnodem'],
    ['vvest', 'west'],
  ]
  for (const userids of alike) assert.equal(new Set(userids.map(skeletonOf)).size, 1, userids.join())
  assert.notEqual(skeletonOf('ann'), skeletonOf('anna'))
  assert.notEqual(skeletonOf('ann@shop.example'), skeletonOf('ann@other.example'))
})

test('reserved mailboxes are not to be had, whatever they are disguised as', () => {
  for (const given of ['postmaster', 'abuse', 'r00t', 'admin', 'no.reply', 's.u.p.p.o.r.t'])
    assert.ok(isReserved(readUserid(given, domains) as never, false), given)
  assert.ok(!isReserved(readUserid('sales', domains) as never, true))
  assert.ok(isReserved(readUserid('post-master', domains) as never, true))
})

test('phone numbers are E.164, of Bangladesh where they do not say', () => {
  const read: Record<string, string | undefined> = {
    '01712345678': '+8801712345678',
    '+880 1712-345678': '+8801712345678',
    '০১৭১২৩৪৫৬৭৮': '+8801712345678',
    '+1 (415) 555-2671': '+14155552671',
    '12345': undefined,
    '+8800000000000': undefined,
    'no number': undefined,
  }
  for (const [given, expected] of Object.entries(read)) assert.equal(readPhone(given), expected, given)
})

test('an identifier is a userid, an e-mail address elsewhere or a phone number', () => {
  assert.deepEqual(readIdentifier('Ann@shop.example', domains), {
    userid: 'ann@shop.example',
    skeleton: 'ann@shop.example',
  })
  assert.deepEqual(readIdentifier('ann', domains), {
    userid: 'ann@shop.example',
    skeleton: 'ann@shop.example',
  })
  assert.deepEqual(readIdentifier(' Ann@Example.COM', domains), { email: 'ann@example.com' })
  assert.deepEqual(readIdentifier('01712345678', domains), { phone: '+8801712345678' })
  assert.equal(readIdentifier('!', domains), undefined)
})

test('nothing that is typed breaks the reading', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (given) => {
      readIdentifier(given, domains)
      const found = readUserid(given, domains)
      assert.ok('problem' in found || /^[a-z0-9._-]+@(shop|other)\.example$/.test(found.userid))
    }),
  )
})
