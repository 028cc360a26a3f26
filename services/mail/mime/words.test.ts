import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeText } from './charset.ts'
import { parseParameterized } from './parameters.ts'
import { decodeWords, encodeWords } from './words.ts'

test('decodes encoded words', () => {
  const cases: [string, string][] = [
    ['plain', 'plain'],
    ['=?iso-8859-1?Q?Andr=E9?= Pirard', 'André Pirard'],
    ['a =?utf-8?q?b?= c', 'a b c'],
    ['=?utf-8?Q?a?= =?utf-8?Q?b?=', 'ab'],
    ['=?utf-8?Q?a?=\t =?iso-8859-2?Q?=A1?=', 'aĄ'],
    ['(=?utf-8?Q?a_b?=)', '(a b)'],
    ['=?utf-8*en?B?4KaG4Kau4Ka+4Kaw?=', 'আমার'],
    // A character that two words share.
    ['=?utf-8?Q?=E0=A6?= =?utf-8?Q?=86?=', 'আ'],
    ['=?shift_jis?B?g2WDWINn?=', 'テスト'],
    ['=?ks_c_5601-1987?B?x9GxuQ==?=', '한국'],
    ['=?x-none?Q?caf=C3=A9?=', 'café'],
    ['=?x-none?Q?caf=E9?=', 'café'],
    ['=?utf-8?Q?Really??=', 'Really?'],
    ['=?utf-8?Q?with space?=', 'with space'],
    ['=?utf-8?X?a?=', '=?utf-8?X?a?='],
    ['=?utf-8?Q?a', '=?utf-8?Q?a'],
    ['=?utf-8?Q?=', '=?utf-8?Q?='],
    ['=??Q?a?=', '=??Q?a?='],
    ['=?utf-8?Q?=ZZ=4?=', '=ZZ=4'],
    ['=?utf-8?Q??=', ''],
    ['=?utf-8?Q?a=00b?=', 'ab'],
  ]
  for (const [encoded, text] of cases) assert.equal(decodeWords(encoded), text, encoded)
})

test('what is encoded comes back, in words of at most 75 characters', () => {
  const property = fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.nat(60), (text, taken) => {
    const written = text.replaceAll('\0', '')
    const encoded = encodeWords(written, taken)
    for (const word of encoded.split('\r\n ')) assert.ok(word.length <= 75, word)
    assert.ok(/^[ -~\r\n]*$/.test(encoded))
    assert.equal(decodeWords(encoded.replaceAll('\r\n', '')), written.toWellFormed())
  })
  fc.assert(property, { numRuns: 300 })
})

test('reads parameters as RFC 2231 writes them and as programs do', () => {
  const parameters = (text: string) => ({ ...parseParameterized(text).parameters })
  const cases: [string, Record<string, string>][] = [
    ['text/plain; charset=utf-8', { charset: 'utf-8' }],
    ['text/plain; CharSet = "utf-8" (comment); x=y', { charset: 'utf-8', x: 'y' }],
    ['text/plain charset=utf-8', { charset: 'utf-8' }],
    ['a/b; name="a\\"b;c"; d=e', { name: 'a"b;c', d: 'e' }],
    ['a/b; name=with space.txt', { name: 'with space.txt' }],
    ['a/b; name="never ends', { name: 'never ends' }],
    ["attachment; filename*=utf-8'bn'%E0%A6%86.txt", { filename: 'আ.txt' }],
    ['a/b; name*0*=iso-8859-1\'\'caf%E9; name*1=" au lait"; name*2*=%E9', { name: 'café au laité' }],
    ['a/b; name*1=b; name*0=a', { name: 'ab' }],
    ["a/b; name=plain; name*=utf-8''better", { name: 'better' }],
    ['a/b; name="=?utf-8?Q?caf=C3=A9?="', { name: 'café' }],
    ['a/b; name==?utf-8?Q?caf=C3=A9?=', { name: 'café' }],
    ['a/b; name*0="=?utf-8?Q?caf"; name*1="=C3=A9?="', { name: 'café' }],
    ["a/b; name*=utf-8''%zz%", { name: '%zz%' }],
    ['a/b; name*x=y; *=z; =; ;;', {}],
    ['a/b; x=1; x=2', { x: '1' }],
  ]
  for (const [text, expected] of cases) assert.deepEqual(parameters(text), expected, text)
  assert.equal(parseParameterized('Text/HTML (a (b) c) ; x=y').value, 'text/html')
})

test('decodes text by its character set, or by what it can only be', () => {
  const bytes = (hex: string) => Buffer.from(hex, 'hex')
  assert.equal(decodeText(bytes('93e294'), 'windows-1252'), '“â”')
  assert.equal(decodeText(bytes('93e294'), 'iso-8859-1'), '“â”')
  assert.equal(decodeText(bytes('c3a9'), 'us-ascii'), 'é')
  assert.equal(decodeText(bytes('c3a9'), undefined), 'é')
  assert.equal(decodeText(bytes('e9'), 'x-none'), 'é')
  assert.equal(decodeText(bytes('efbbbf41'), 'UTF-8'), 'A')
  assert.equal(decodeText(bytes('41ff42'), 'utf-8'), 'A\ufffdB')
  assert.equal(decodeText(bytes('d4c5d3d4'), 'koi8-r'), 'тест')
  assert.equal(decodeText(bytes('1b2442242224241b2842'), 'iso-2022-jp'), 'あい')
  assert.equal(decodeText(bytes('b2e2cad4'), 'cp936'), '测试')
  assert.equal(decodeText(bytes('41000042'), undefined), 'AB')
})
