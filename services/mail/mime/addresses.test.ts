import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatAddress, parseAddresses } from './addresses.ts'

test('reads address lists, old forms and broken ones', () => {
  const cases: [string, [string, string][]][] = [
    ['a@b.cd', [['', 'a@b.cd']]],
    ['A.B@Example.ORG', [['', 'A.B@example.org']]],
    ['<a@b.cd>', [['', 'a@b.cd']]],
    [
      'Rahima Khatun <r@b.cd>, x@y.zz',
      [
        ['Rahima Khatun', 'r@b.cd'],
        ['', 'x@y.zz'],
      ],
    ],
    ['"Khatun, Rahima" <r@b.cd>', [['Khatun, Rahima', 'r@b.cd']]],
    ['"a \\"b\\" \\\\c" <r@b.cd>', [['a "b" \\c', 'r@b.cd']]],
    ['John Q. Public <j@b.cd>', [['John Q. Public', 'j@b.cd']]],
    ['r@b.cd (Rahima (the boss))', [['Rahima (the boss)', 'r@b.cd']]],
    ['(x) a (y) @ (z) b . cd', [['z', 'a@b.cd']]],
    ['"john doe"@b.cd', [['', '"john doe"@b.cd']]],
    ['Name <"a@b,c"@d.ee>', [['Name', '"a@b,c"@d.ee']]],
    ['<@one.org,@two.org:a@b.cd>', [['', 'a@b.cd']]],
    ['=?utf-8?B?4Kaw4Ka54Ka/4Kau4Ka+?= <r@b.cd>', [['রহিমা', 'r@b.cd']]],
    ['"=?utf-8?Q?Caf=C3=A9=2C_x?=" <r@b.cd>', [['Café, x', 'r@b.cd']]],
    ['=?utf-8?Q?a=2Cb?= =?utf-8?Q?c?= <r@b.cd>', [['a,bc', 'r@b.cd']]],
    ['রহিমা <রহিমা@ডাকঘর.বাংলা>', [['রহিমা', 'রহিমা@ডাকঘর.বাংলা']]],
    [
      'Team: a@b.cd, C <c@d.ee>;, e@f.gg',
      [
        ['Team', ''],
        ['', 'a@b.cd'],
        ['C', 'c@d.ee'],
        ['', 'e@f.gg'],
      ],
    ],
    ['undisclosed-recipients:;', [['undisclosed-recipients', '']]],
    [
      'a@b.cd,, ,c@d.ee,',
      [
        ['', 'a@b.cd'],
        ['', 'c@d.ee'],
      ],
    ],
    [
      'a@b.cd; c@d.ee',
      [
        ['', 'a@b.cd'],
        ['', 'c@d.ee'],
      ],
    ],
    ['Name a@b.cd', [['Name', 'a@b.cd']]],
    ['Name <a@b.cd', [['Name', 'a@b.cd']]],
    ['Name <>', [['Name', '']]],
    ['<>', []],
    ['', []],
    ['just words', [['just words', '']]],
    ['a@[127.0.0.1]', [['', 'a@[127.0.0.1]']]],
    ['a@b@c.dd', [['', 'a@b@c.dd']]],
    ['@b.cd', [['@b.cd', '']]],
    ['x <a@b.cd> y <c@d.ee>', [['x', 'a@b.cd']]],
    ['a"b <c@d.ee>', [['ab <c@d.ee>', '']]],
  ]
  for (const [value, expected] of cases) {
    const found = parseAddresses(value).map(({ name, address }) => [name, address])
    assert.deepEqual(found, expected, value)
  }
})

test('reads no more than it is told', () => {
  assert.equal(parseAddresses('a@b.cd, '.repeat(50), 10).length, 10)
})

test('writes a name so that it comes back', () => {
  const name = fc.string({ unit: 'grapheme', maxLength: 80 })
  for (const utf8 of [true, false]) {
    const property = fc.property(name, (text) => {
      const written = formatAddress({ name: text, address: 'a@b.cd' }, { utf8 })
      if (!utf8) assert.match(written, /^[ -~\r\n]+$/)
      const plain = text
        .toWellFormed()
        .replaceAll(/[\s\p{Cc}]+/gu, ' ')
        .trim()
      const [found, ...more] = parseAddresses(written.replaceAll('\r\n', ''))
      assert.deepEqual(more, [])
      assert.equal(found?.address, 'a@b.cd')
      if (!plain.includes('=?')) assert.equal(found?.name, plain)
    })
    fc.assert(property, { numRuns: 300 })
  }
})

test('writes domains in ASCII unless UTF-8 may be used', () => {
  const mailbox = { name: '', address: 'info@bücher.example' }
  assert.equal(formatAddress(mailbox), 'info@xn--bcher-kva.example')
  assert.equal(formatAddress(mailbox, { utf8: true }), 'info@bücher.example')
})

test('nothing in a name or an address begins a header line', () => {
  const written = formatAddress({ name: 'a\r\nBcc: x@y.zz', address: 'a@b.cd>\r\nBcc: <x@y.zz' })
  assert.ok(!written.includes('\n'))
})

test('an address with a comma in it stays one', () => {
  assert.equal(formatAddress({ name: '', address: 'a@b.cd,x@y.zz' }), '<a@b.cd,x@y.zz>')
  assert.equal(formatAddress({ name: '', address: '"a,b"@c.dd' }), '<"a,b"@c.dd>')
})
