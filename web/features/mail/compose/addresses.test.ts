import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addressesIn, isAddress } from './addresses.ts'

test('addresses of any script are addresses, and other text is not', () => {
  const good = [
    'mina@sweets.example',
    "o'neil+x@a-b.example",
    'মিনা@উদাহরণ.বাংলা',
    '"m d"@a.example',
    'a@localhost',
  ]
  const bad = [
    '',
    'mina',
    '@a.example',
    'mina@',
    'a b@c.example',
    'a@b..example',
    '.a@b.example',
    'a@-b.example',
  ]
  for (const address of good) assert.ok(isAddress(address), address)
  for (const address of [...bad, `${'a'.repeat(65)}@b.example`, `a@${'b'.repeat(260)}`])
    assert.ok(!isAddress(address), address)
})

test('pasted text of many forms becomes addresses', () => {
  const table: [string, [string, string][]][] = [
    ['mina@a.example', [['', 'mina@a.example']]],
    ['Mina Akter <mina@a.example>', [['Mina Akter', 'mina@a.example']]],
    [
      '"Das, Anika" <anika@a.example>, b@c.example',
      [
        ['Das, Anika', 'anika@a.example'],
        ['', 'b@c.example'],
      ],
    ],
    [
      'a@b.example; c@d.example\ne@f.example',
      [
        ['', 'a@b.example'],
        ['', 'c@d.example'],
        ['', 'e@f.example'],
      ],
    ],
    [
      'a@b.example c@d.example',
      [
        ['', 'a@b.example'],
        ['', 'c@d.example'],
      ],
    ],
    [
      'a@b.example\tc@d.example\r\n',
      [
        ['', 'a@b.example'],
        ['', 'c@d.example'],
      ],
    ],
    ['"O \\"Neil\\"" <o@a.example>', [['O "Neil"', 'o@a.example']]],
    ['mailto:a@b.example', [['', 'a@b.example']]],
    ['nobody', [['', 'nobody']]],
    [' , ;\n', []],
  ]
  for (const [text, people] of table)
    assert.deepEqual(
      addressesIn(text).map(({ name, address }) => [name, address]),
      people,
      text,
    )
})

test('any text is read, and long text soon', () => {
  fc.assert(
    fc.property(fc.string(), (text) => addressesIn(text).every(({ address }) => !/[\n]/.test(address))),
  )
  const startedAt = performance.now()
  addressesIn('"<'.repeat(100_000))
  addressesIn('a@b.example,'.repeat(20_000))
  isAddress(`a@${'b-'.repeat(100)}.example`)
  assert.ok(performance.now() - startedAt < 2000)
})
