import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBody, decodeBytes } from './decode.ts'
import { encodeBase64Lines, encodeQuotedPrintable } from './encode.ts'

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source))
}

test('decodes quoted-printable, proper or not', () => {
  const cases: [string, string][] = [
    ['a=3Db', 'a=b'],
    ['a=3db', 'a=b'],
    ['a=\r\nb', 'ab'],
    ['a=\nb', 'ab'],
    ['a= \t\r\nb', 'ab'],
    ['a \t\r\nb', 'a\r\nb'],
    ['a \nb ', 'a\nb'],
    ['a=', 'a'],
    ['a= ', 'a'],
    ['a=4', 'a=4'],
    ['a=ZZ=4Z==41', 'a=ZZ=4Z=A'],
    ['a=20 \r\n', 'a \r\n'],
    ['a\rb = c', 'a\rb = c'],
    [`a${' '.repeat(5_000)}b`, `a${' '.repeat(5_000)}b`],
  ]
  for (const [encoded, text] of cases) {
    assert.equal(decodeBytes(Buffer.from(encoded), 'quoted-printable').toString(), text, encoded.slice(0, 50))
  }
})

test('decodes base64, proper or not', () => {
  const cases: [string, string][] = [
    ['YWJj', 'abc'],
    ['YW\r\nJj', 'abc'],
    ['YWI=', 'ab'],
    ['YWI', 'ab'],
    ['YQ==YWI=', 'aab'],
    ['Y W*J!j', 'abc'],
    ['=YWJj', 'abc'],
    ['Y', ''],
    ['', ''],
  ]
  for (const [encoded, text] of cases) {
    assert.equal(decodeBytes(Buffer.from(encoded), 'base64').toString(), text, encoded)
  }
})

test('decodes the same however the stream is cut', async () => {
  const text = fc.array(
    fc.constantFrom('=', '=3', '=3D', 'x', ' ', '\t', '\r', '\n', '\r\n', 'A', '/', '=\r\n'),
    { maxLength: 40 },
  )
  const property = fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), async (pieces, size) => {
    const bytes = Buffer.from(pieces.join(''))
    for (const encoding of ['base64', 'quoted-printable', '8bit']) {
      assert.deepEqual(await collect(decodeBody(cut(bytes, size), encoding)), decodeBytes(bytes, encoding))
    }
  })
  await fc.assert(property, { numRuns: 300 })
})

test('decodes what is encoded', async () => {
  const property = fc.asyncProperty(
    fc.uint8Array({ maxLength: 400 }),
    fc.integer({ min: 1, max: 200 }),
    async (random, size) => {
      const bytes = Buffer.from(random)
      const encoded = await collect(encodeBase64Lines(cut(bytes, size)))
      assert.ok(
        encoded
          .toString()
          .split('\r\n')
          .every((line) => line.length <= 76),
      )
      assert.deepEqual(decodeBytes(encoded, 'base64'), bytes)
      const quoted = encodeQuotedPrintable(bytes)
      assert.ok(
        quoted
          .toString('latin1')
          .split('\r\n')
          .every((line) => line.length <= 76 && !/[^\t -~]|[ \t]$/.test(line)),
      )
      assert.deepEqual(decodeBytes(quoted, 'quoted-printable'), bytes)
    },
  )
  await fc.assert(property, { numRuns: 300 })
})
