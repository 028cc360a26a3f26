import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MalformedResponse, type ResponseHead } from './response-head.ts'
import { ResponseParser } from './response-parser.ts'

interface Parsed {
  heads: ResponseHead[]
  content: string
  ends: number
  isMalformed: boolean
}

/** What one response is understood as that comes in these pieces and ends with the connection. */
function parse(pieces: readonly Buffer[], isHeadRequest = false): Parsed {
  const parsed: Parsed = { heads: [], content: '', ends: 0, isMalformed: false }
  const parser = new ResponseParser()
  parser.expect(
    {
      onHead: (head) => void parsed.heads.push(head),
      onContent: (bytes) => void (parsed.content += bytes.toString('latin1')),
      onEnd: () => void parsed.ends++,
      onUpgrade: (head) => void parsed.heads.push(head),
    },
    isHeadRequest,
  )
  // As a connection does it: every read goes into the same buffer.
  const buffer = Buffer.alloc(Math.max(1, ...pieces.map(({ length }) => length)))
  try {
    for (const piece of pieces) {
      piece.copy(buffer)
      parser.push(buffer.subarray(0, piece.length))
      buffer.fill('!')
    }
    parser.finish()
  } catch (error) {
    if (!(error instanceof MalformedResponse)) throw error
    parsed.isMalformed = true
  }
  return parsed
}

const whole = (text: string) => [Buffer.from(text, 'latin1')]
const singly = (text: string) => [...Buffer.from(text, 'latin1')].map((byte) => Buffer.from([byte]))

const good: Record<string, [text: string, content: string]> = {
  'a length': ['HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc', 'abc'],
  'no content': ['HTTP/1.1 204 No Content\r\nX: y\r\n\r\n', ''],
  'length 0': ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ''],
  'no reason': ['HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', ''],
  'no space before no reason': ['HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', ''],
  'until the end': ['HTTP/1.0 200 OK\r\n\r\nabc', 'abc'],
  chunks: [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0A ; x="y"\r\n0123456789\r\n0\r\n\r\n',
    'abc0123456789',
  ],
  'a trailer': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n000\r\nDigest: x\r\n\r\n',
    'a',
  ],
  'interim responses': [
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na',
    'a',
  ],
  'white space around a value': ['HTTP/1.1 200 OK\r\nContent-Length: \t3 \r\nEmpty:\r\n\r\nabc', 'abc'],
}

for (const [name, [text, content]] of Object.entries(good))
  test(`a response with ${name} is read, whole and byte by byte`, () => {
    for (const pieces of [whole(text), singly(text)]) {
      const parsed = parse(pieces)
      assert.equal(parsed.isMalformed, false)
      assert.equal(parsed.content, content)
      assert.equal(parsed.heads.length, 1)
      assert.equal(parsed.ends, 1)
    }
  })

const ok = 'HTTP/1.1 200 OK\r\n'
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`
const bad: Record<string, string> = {
  'no HTTP': 'ICY 200 OK\r\n\r\n',
  'HTTP/2': 'HTTP/2 200 OK\r\n\r\n',
  'HTTP/1.2': 'HTTP/1.2 200 OK\r\n\r\n',
  'http in lower case': 'http/1.1 200 OK\r\n\r\n',
  'an empty line first': `\r\n${ok}Content-Length: 0\r\n\r\n`,
  'a space first': ` ${ok}Content-Length: 0\r\n\r\n`,
  'two spaces before the status': 'HTTP/1.1  200 OK\r\n\r\n',
  'status 99': 'HTTP/1.1 099 OK\r\n\r\n',
  'status 600': 'HTTP/1.1 600 OK\r\n\r\n',
  'status 2000': 'HTTP/1.1 2000 OK\r\n\r\n',
  'a control character in the reason': 'HTTP/1.1 200 O\x07K\r\n\r\n',
  'length and chunks': `${ok}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'chunks and length': `${ok}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
  'chunks in HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'two lengths': `${ok}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
  'the same length twice': `${ok}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
  'a list of lengths': `${ok}Content-Length: 3, 3\r\n\r\nabc`,
  'a signed length': `${ok}Content-Length: +3\r\n\r\nabc`,
  'a negative length': `${ok}Content-Length: -3\r\n\r\nabc`,
  'a length in hexadecimal': `${ok}Content-Length: 0x3\r\n\r\nabc`,
  'a length with a fraction': `${ok}Content-Length: 3.0\r\n\r\nabc`,
  'a length without digits': `${ok}Content-Length:\r\n\r\nabc`,
  'a length that no number holds': `${ok}Content-Length: 99999999999999999999\r\n\r\nabc`,
  'an unknown coding': `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  'identity coding': `${ok}Transfer-Encoding: identity\r\n\r\nabc`,
  'chunked twice': `${ok}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
  'chunked in two fields': `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'chunked with a vertical tab': `${ok}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
  'a space before the colon': `${ok}Content-Length : 3\r\n\r\nabc`,
  'a folded line': `${ok}X: a\r\n b\r\nContent-Length: 0\r\n\r\n`,
  'a folded first line': `${ok} Content-Length: 3\r\n\r\nabc`,
  'no colon': `${ok}Content-Length 3\r\n\r\nabc`,
  'no name': `${ok}: 3\r\n\r\nabc`,
  'a name with a strange character': `${ok}Content(Length: 3\r\n\r\nabc`,
  'NUL in a value': `${ok}X: a\0b\r\nContent-Length: 0\r\n\r\n`,
  'bare CR in a value': `${ok}X: a\rContent-Length: 3\r\n\r\nabc`,
  'bare LF in the head': `${ok}X: a\nContent-Length: 3\r\n\r\nabc`,
  'bare LF after the status line': 'HTTP/1.1 200 OK\nContent-Length: 3\r\n\r\nabc',
  'more than the length': `${ok}Content-Length: 3\r\n\r\nabcd`,
  'content with 204': 'HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nabc',
  'a second response': `${ok}Content-Length: 0\r\n\r\n${ok}Content-Length: 0\r\n\r\n`,
  'interim responses without end': 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20),
  'a head that is too large': `${ok}${'X: y\r\n'.repeat(20_000)}`,
  'a chunk without a size': `${chunked}\r\nabc\r\n0\r\n\r\n`,
  'a chunk size that is none': `${chunked}0x3\r\nabc\r\n0\r\n\r\n`,
  'a signed chunk size': `${chunked}+3\r\nabc\r\n0\r\n\r\n`,
  'a space before a chunk size': `${chunked} 3\r\nabc\r\n0\r\n\r\n`,
  'a chunk size that no number holds': `${chunked}fffffffffffffffff\r\nabc`,
  'a chunk size with bare LF': `${chunked}3\nabc\r\n0\r\n\r\n`,
  'bare CR in a chunk extension': `${chunked}3;a\rb\r\nabc\r\n0\r\n\r\n`,
  'a chunk that is longer': `${chunked}3\r\nabcd\r\n0\r\n\r\n`,
  'a chunk that is shorter': `${chunked}5\r\nabc\r\n0\r\n\r\n`,
  'a chunk that ends in LF': `${chunked}3\r\nabc\n0\r\n\r\n`,
  'an endless chunk extension': `${chunked}3;${'x'.repeat(2_000)}\r\nabc\r\n0\r\n\r\n`,
  'an endless trailer': `${chunked}0\r\n${'X: y\r\n'.repeat(10_000)}\r\n`,
  'a folded trailer': `${chunked}0\r\nX: y\r\n z\r\n\r\n`,
  'something behind the last chunk': `${chunked}0\r\n\r\nabc`,
}

for (const [name, text] of Object.entries(bad))
  test(`a response with ${name} is malformed, whole and byte by byte`, () => {
    assert.equal(parse(whole(text)).isMalformed, true)
    if (text.length < 5_000) assert.equal(parse(singly(text)).isMalformed, true)
  })

test('the answer to HEAD, and 304, have no content whatever they say', () => {
  assert.deepEqual(parse(whole(`${ok}Content-Length: 3\r\n\r\n`), true).ends, 1)
  assert.deepEqual(parse(whole('HTTP/1.1 304 Same\r\nContent-Length: 3\r\n\r\n')).ends, 1)
  assert.equal(parse(whole(`${ok}Content-Length: 3\r\n\r\nabc`), true).isMalformed, true)
})

test('a response that breaks off has no end', () => {
  for (const [text] of Object.values(good).filter(([each]) => !each.startsWith('HTTP/1.0')))
    for (let length = 0; length < text.length; length++)
      assert.equal(parse(whole(text.slice(0, length))).ends, 0, text.slice(0, length))
})

test('however a response is cut into pieces, it is understood in the same way', () => {
  const texts = [
    ...Object.values(good).map(([text]) => text),
    ...Object.values(bad).filter(({ length }) => length < 500),
  ]
  const bytes = fc.oneof(
    fc.constantFrom(...texts).map((text) => Buffer.from(text, 'latin1')),
    // Two of them, mixed and edited.
    fc
      .tuple(
        fc.constantFrom(...texts),
        fc.constantFrom(...texts),
        fc.nat(),
        fc.nat(),
        fc.uint8Array({ maxLength: 4 }),
      )
      .map(([a, b, i, j, edit]) => {
        const at = i % (a.length + 1)
        return Buffer.concat([
          Buffer.from(a.slice(0, at), 'latin1'),
          edit,
          Buffer.from(b.slice(j % (b.length + 1)), 'latin1'),
        ])
      }),
  )
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(), { maxLength: 6 }), (text, cuts) => {
      const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b), text.length]
      const pieces = places.slice(1).map((end, index) => text.subarray(places[index], end))
      const [atOnce, inPieces] = [parse([text]), parse(pieces)]
      assert.deepEqual(inPieces, atOnce)
      assert.ok(atOnce.ends <= 1 && atOnce.heads.length <= 1)
      for (const { fields } of atOnce.heads)
        for (const field of fields) assert.doesNotMatch(field, /[\r\n\0]/)
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 5_000), seed: 20_260_101 },
  )
})
