import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseMessage, readMessage } from './parse.ts'
import { checkOffsets, chunks, nested } from './testing.ts'

const pieces = [
  'From: a@b.c',
  'Content-Type: multipart/mixed; boundary=x',
  'Content-Type: multipart/digest; boundary="x "',
  'Content-Type: message/rfc822',
  'Content-Type: multipart/alternative; boundary=xy',
  'Content-Transfer-Encoding: base64',
  'Content-Transfer-Encoding: quoted-printable',
  "Content-Type: text/html; charset*0*=utf-8''%e0; charset*1=\"",
  'Subject: =?utf-8?B?4KY=?= =?x?q?=?=',
  '--x',
  '--x--',
  '--xy',
  '--xy--',
  '',
  '',
  ' folded',
  'a=3D=\u00e9 <p hidden>&#x110000;',
  '\0',
]

test('nonsense never throws, keeps its offsets and is the same from a stream', async () => {
  const line = fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 12 }))
  const lines = fc.array(fc.tuple(line, fc.constantFrom('\r\n', '\n', '\r\n', '\r')), { maxLength: 40 })
  const property = fc.asyncProperty(lines, fc.integer({ min: 1, max: 50 }), async (list, size) => {
    const bytes = Buffer.from(list.flat().join(''))
    const parsed = parseMessage(bytes)
    checkOffsets(bytes, parsed.structure)
    assert.deepEqual(await readMessage(chunks(bytes, size)), parsed)
  })
  await fc.assert(property, { numRuns: 500 })
})

test('a message with bytes changed at random keeps its offsets', () => {
  const change = fc.tuple(fc.nat(nested.length - 1), fc.integer({ min: 0, max: 255 }))
  const property = fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
    const bytes = Buffer.from(nested)
    for (const [at, byte] of changes) bytes[at] = byte
    checkOffsets(bytes, parseMessage(bytes).structure)
  })
  fc.assert(property, { numRuns: 500 })
})

test('random bytes are read as a message', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 3_000 }), (random) => {
    const bytes = Buffer.from(random)
    checkOffsets(bytes, parseMessage(bytes).structure)
  })
  fc.assert(property, { numRuns: 200 })
})
