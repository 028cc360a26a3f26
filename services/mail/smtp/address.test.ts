import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseAddress, readPath } from './address.ts'

function path(text: string) {
  const read = readPath(text)
  assert.ok(!('error' in read), text)
  return read
}

describe('a path', () => {
  test('is an address in angle brackets, with what follows it', () => {
    const { path: read, rest } = path('<Ann.Lee+x@Example.ORG> SIZE=5 RET=HDRS')
    assert.deepEqual(read, {
      localPart: 'Ann.Lee+x',
      domain: 'example.org',
      address: 'Ann.Lee+x@example.org',
      isInternational: false,
    })
    assert.equal(rest, 'SIZE=5 RET=HDRS')
  })

  test('may be null', () => {
    assert.deepEqual(path('<>'), { path: undefined, rest: '' })
    assert.deepEqual(path('<> BODY=8BITMIME'), { path: undefined, rest: 'BODY=8BITMIME' })
  })

  test('may be a bare postmaster, in any case, and no other name', () => {
    assert.equal(path('<PostMaster>').path?.localPart, 'PostMaster')
    assert.equal(path('<postmaster>').path?.domain, '')
    assert.deepEqual(readPath('<ann>'), { error: 'syntax' })
  })

  test('tells quoted local parts from what routes', () => {
    for (const [text, localPart] of [
      ['<"v@victim"@ours.example>', 'v@victim'],
      ['<v%victim@ours.example>', 'v%victim'],
      ['<victim!v@ours.example>', 'victim!v'],
      [String.raw`<"a\"b\\c\d"@ours.example>`, String.raw`a"b\cd`],
      ['<" "@ours.example>', ' '],
      ['<"a> b"@ours.example>', 'a> b'],
    ] as const) {
      const read = path(text).path
      assert.deepEqual([read?.localPart, read?.domain], [localPart, 'ours.example'])
    }
    assert.deepEqual(readPath('<@ours.example:v@victim.example>'), { error: 'sourceRoute' })
    assert.deepEqual(readPath('<v@victim.example@ours.example>'), { error: 'syntax' })
  })

  test('is quoted again only where it must be', () => {
    assert.equal(path('<"ann"@a.example>').path?.address, 'ann@a.example')
    assert.equal(path(String.raw`<"a\"b"@a.example>`).path?.address, String.raw`"a\"b"@a.example`)
    assert.equal(path('<"v@victim"@a.example>').path?.address, '"v@victim"@a.example')
  })

  test('may name a host by its address', () => {
    assert.equal(path('<a@[192.0.2.1]>').path?.domain, '[192.0.2.1]')
    assert.equal(path('<a@[ipv6:2001:DB8::1]>').path?.domain, '[IPv6:2001:db8::1]')
    for (const text of [
      '<a@[192.0.2.256]>',
      '<a@[2001:db8::1]>',
      '<a@[IPv6:1::2::3]>',
      '<a@[]>',
      '<a@[x:y]>',
    ])
      assert.deepEqual(readPath(text), { error: 'syntax' }, text)
  })

  test('may be international: its domain is looked up as A-labels', () => {
    const { path: read } = path('<ডাকঘর@ডাক.Example>')
    assert.equal(read?.localPart, 'ডাকঘর')
    assert.equal(read?.domain, 'xn--p5bx1g.example')
    assert.equal(read?.address, 'ডাকঘর@ডাক.example')
    assert.equal(read?.isInternational, true)
    assert.equal(path('<a@xn--p5bx1g.example>').path?.isInternational, false)
  })

  test('takes one form of the same letters', () => {
    assert.equal(path('<re\u0301my@a.example>').path?.localPart, 'r\u00e9my')
  })

  for (const text of [
    '',
    'ann@a.example',
    '<',
    '<ann',
    '<ann@a.example',
    '<ann@>',
    `<ann@${'ডা.'.repeat(2_000)}example>`,
    '<ann@a..example>',
    '<ann@.a>',
    '<ann@a.>',
    '<ann@-a.example>',
    '<ann@a-.example>',
    '<.ann@a.example>',
    '<ann.@a.example>',
    '<a..b@a.example>',
    '<a b@a.example>',
    '<a@b@c>',
    '<""@a.example>',
    '<"a@a.example>',
    '<a@127.0.0.1>',
    '<a@１２７.0.0.1>',
    '<a@a.example>x',
    '<a(b)@a.example>',
    '<a\u0085b@a.example>',
    '<a@a\u2028b.example>',
    `<a@${'a'.repeat(64)}.example>`,
    '<<a@a.example>>',
    '<a@a.example >',
  ])
    test(`is not ${JSON.stringify(text)}`, () => {
      assert.deepEqual(readPath(text), { error: 'syntax' })
    })

  test('has 64 octets before the at sign and 255 after it, at most', () => {
    assert.ok('path' in readPath(`<${'a'.repeat(64)}@a.example>`))
    assert.deepEqual(readPath(`<${'a'.repeat(65)}@a.example>`), { error: 'tooLong' })
    assert.deepEqual(readPath(`<${'é'.repeat(33)}@a.example>`), { error: 'tooLong' })
    assert.deepEqual(readPath(`<a@${'abcdefg.'.repeat(32)}example>`), { error: 'tooLong' })
  })
})

test('what an address is written as reads as the same again', () => {
  const local = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
  fc.assert(
    fc.property(local, (text) => {
      const quoted = `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"@a.example`
      const read = parseAddress(quoted)
      if (read) assert.deepEqual(parseAddress(read.address), read)
    }),
  )
})

test('nonsense of any kind and length is read in no time', () => {
  const startedAt = performance.now()
  for (const piece of ['a', '.', 'a.', '"', String.raw`\"`, '@', '<', 'ডা', '[', '%', ' '])
    for (const start of ['<', '<"', '<a@', '<a@['])
      assert.ok('error' in readPath(start + piece.repeat(100_000)))
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void readPath(`<${text}`)))
  assert.ok(performance.now() - startedAt < 2_000)
})
