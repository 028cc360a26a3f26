import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CallError } from '#contracts/errors.ts'
import { decode, ProtocolError } from './decode.ts'
import { FrameEncoder, maxDepth } from './encode.ts'
import { FrameSplitter } from './splitter.ts'

function encode(value: unknown): Buffer {
  const encoder = new FrameEncoder()
  encoder.append(value, 1 << 24)
  return encoder.take().subarray(4)
}

function roundTrip(value: unknown): unknown {
  const bytes = encode(value)
  return decode(bytes, 0, bytes.length)
}

test('whatever JSON can say comes back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
      if (JSON.stringify(value).includes('"__proto__":')) assert.throws(() => encode(value), TypeError)
      else assert.deepEqual(roundTrip(value), JSON.parse(JSON.stringify(value)))
    }),
    { seed: 1, numRuns: 2000 },
  )
})

test('strings of every length and script come back as they were', () => {
  for (const letter of ['a', 'é', '€', '𝄞'])
    for (const length of [0, 1, 15, 31, 32, 33, 48, 85, 86, 255, 256, 300, 21_845, 21_846, 70_000])
      assert.equal(roundTrip(letter.repeat(length)), letter.repeat(length))
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) => roundTrip(text) === text),
    { seed: 1, numRuns: 1000 },
  )
})

test('numbers come back as they were', () => {
  const edges = [
    0,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    Number.MAX_SAFE_INTEGER,
  ]
  for (const number of [...edges, ...edges.map((edge) => -edge - 1), 0.1, Infinity, -Infinity, NaN])
    assert.equal(roundTrip(number), number)
})

test('long arrays and maps come back as they were', () => {
  for (const size of [15, 16, 65_535, 65_536]) {
    const list = Array.from({ length: size }, (_, i) => i)
    assert.deepEqual(roundTrip(list), list)
    const map = Object.fromEntries(list.map((i) => [`key ${i}`, i]))
    assert.deepEqual(roundTrip(map), map)
  }
})

test('bytes come back as a copy', () => {
  for (const size of [0, 1, 255, 256, 70_000]) {
    const encoded = encode(new Uint8Array(size).fill(7))
    const bytes = decode(encoded, 0, encoded.length)
    encoded.fill(0)
    assert.deepEqual(bytes, Buffer.alloc(size, 7))
  }
})

test('undefined, dates and functions are treated as in JSON', () => {
  const value = { left: 1, out: undefined, list: [undefined, 1], at: new Date(0), nothing: null }
  assert.deepEqual(roundTrip(value), JSON.parse(JSON.stringify(value)))
  for (const wrong of [() => 1, Symbol('s'), 1n, new Map(), new Set(), JSON.parse('{"__proto__":1}')])
    assert.throws(() => encode({ wrong }), TypeError)
})

test('what is too deep or in a circle is refused and leaves the encoder usable', () => {
  const circle: { self?: unknown } = {}
  circle.self = circle
  const encoder = new FrameEncoder()
  encoder.append('before', 100)
  assert.throws(() => encoder.append(circle, 1 << 20), TypeError)
  assert.throws(() => encoder.append(nested(maxDepth + 1), 1 << 20), TypeError)
  encoder.append(nested(maxDepth), 1 << 20)
  assert.deepEqual(framesOf(encoder.take()), ['before', nested(maxDepth)])
})

test('what is larger than a frame is refused before it is built', () => {
  const encoder = new FrameEncoder()
  encoder.append('before', 100)
  const isTooLarge = (error: unknown) => error instanceof CallError && error.code === 'tooLarge'
  const before = process.memoryUsage().arrayBuffers
  for (const large of ['x'.repeat(1001), 'x'.repeat(50_000_000), Buffer.alloc(1001), Array(1001).fill(1)])
    assert.throws(() => encoder.append(large, 1000), isTooLarge)
  assert.throws(() => encoder.append({ list: Array(5_000_000).fill('text') }, 1000), isTooLarge)
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000)
  encoder.append('x'.repeat(997), 1000)
  assert.deepEqual(framesOf(encoder.take()), ['before', 'x'.repeat(997)])
})

test('bytes that were taken are not written to again', () => {
  const encoder = new FrameEncoder()
  const taken = Array.from({ length: 2000 }, (_, i) => {
    encoder.append({ i, text: 'x'.repeat(i % 300) }, 1000)
    return encoder.take()
  })
  for (const [i, bytes] of taken.entries())
    assert.deepEqual(framesOf(bytes), [{ i, text: 'x'.repeat(i % 300) }])
})

const hostile: Record<string, string> = {
  'nothing at all': '',
  'bytes after the value': '0101',
  'a string cut short': 'a5 68656c',
  'a string of 4 GiB': 'db ffffffff 61',
  'bytes of 4 GiB': 'c6 ffffffff 61',
  'an array of 4 billion': 'dd ffffffff 01',
  'a map of 4 billion': 'df ffffffff 01',
  'an array in an array that both claim all that is left': 'dd 00000008 dd 00000008 00000000',
  'a map without values': '81 a161',
  'a key that is a number': '81 01 01',
  'a key that is an array': '81 90 01',
  'a key that is null': '81 c0 01',
  'the key __proto__': '81 a95f5f70726f746f5f5f 80',
  'the never used type': 'c1',
  'an extension': 'd4 01 00',
  'a timestamp': 'd6 ff 00000000',
  'a record definition': 'd4 72 40 91 a161 01',
  'a regular expression': 'c7 00 78 92 a161 a0',
  'an extension of 4 GiB': 'c9 ffffffff 01',
  'a number cut short': 'cb 0000',
  'an int64 cut short': 'd3 00',
}

for (const [name, hex] of Object.entries(hostile))
  test(`${name}: refused`, () => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    assert.throws(() => decode(bytes, 0, bytes.length), ProtocolError)
  })

test('nesting as deep as a frame is long is refused', () => {
  for (const byte of [0x91, 0x81]) {
    const bytes = Buffer.alloc(4_000_000, byte === 0x91 ? '\x91' : '\x81\xa0', 'latin1')
    assert.throws(() => decode(bytes, 0, bytes.length), ProtocolError)
  }
})

test('names of Object.prototype are ordinary keys', () => {
  const value = roundTrip(JSON.parse('{"constructor":1,"toString":2,"hasOwnProperty":3}'))
  assert.deepEqual(Object.entries(value as object), [
    ['constructor', 1],
    ['toString', 2],
    ['hasOwnProperty', 3],
  ])
})

test('other ways of writing the same values are read', () => {
  const read = (hex: string) => decode(Buffer.from(hex, 'hex'), 0, hex.length / 2)
  assert.equal(read('cc05'), 5)
  assert.equal(read('cd0005'), 5)
  assert.equal(read('cf0000000000000005'), 5)
  assert.equal(read('d0ff'), -1)
  assert.equal(read('d1ffff'), -1)
  assert.equal(read('d3ffffffffffffffff'), -1)
  assert.equal(read('e0'), -32)
  assert.equal(read('ca3fc00000'), 1.5)
  assert.equal(read('d90161'), 'a')
  assert.deepEqual(read('81d9016101'), { a: 1 })
  assert.deepEqual(read('de0001a16101'), { a: 1 })
})

test('random bytes are read or refused, never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decode(Buffer.from(bytes), 0, bytes.length)
      } catch (error) {
        assert.ok(error instanceof ProtocolError)
      }
    }),
    { seed: 1, numRuns: 20_000 },
  )
})

test('frames are found however the bytes are cut', () => {
  const frames = Array.from({ length: 20 }, (_, i) => 'x'.repeat(i * i * 3))
  const encoder = new FrameEncoder()
  for (const frame of frames) encoder.append(frame, 1 << 20)
  const bytes = encoder.take()
  const cuts = fc.array(fc.nat(bytes.length), { maxLength: 60 })
  fc.assert(
    fc.property(cuts, (unsorted) => {
      const places = [0, ...unsorted.toSorted((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((place, i) => bytes.subarray(places[i], place))
      assert.deepEqual(framesOf(...chunks), frames)
    }),
    { seed: 1, numRuns: 500 },
  )
  const single = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))
  assert.deepEqual(framesOf(...single), frames)
})

test('a length above the maximum is refused as soon as it is read', () => {
  const splitter = new FrameSplitter(1000)
  const push = (hex: string) => splitter.push(Buffer.from(hex, 'hex'), () => true)
  push('0000')
  assert.throws(() => push('03e9'), ProtocolError)
})

function framesOf(...chunks: Buffer[]): unknown[] {
  const splitter = new FrameSplitter(1 << 24)
  const frames: unknown[] = []
  for (const chunk of chunks)
    splitter.push(chunk, (bytes, start, end) => frames.push(decode(bytes, start, end)) > 0)
  return frames
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)]
}
