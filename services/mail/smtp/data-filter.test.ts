import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { DataFilter, type Fault } from './data-filter.ts'

interface Result {
  content: string
  /** What was not taken. */
  rest: string | undefined
  fault: Fault | undefined
}

/** Feeds `octets` cut at `cuts`. */
function run(octets: string, { repair = false, dots = true, cuts = [] as number[] } = {}): Result {
  const filter = new DataFilter({ dots, repair })
  const whole = Buffer.from(octets, 'latin1')
  const borders = [
    0,
    ...new Set(cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b)),
    whole.length,
  ]
  let content = ''
  for (const [index, start] of borders.slice(0, -1).entries()) {
    const filtered = filter.feed(Buffer.from(whole.subarray(start, borders[index + 1])))
    content += filtered.content.toString('latin1')
    if (filtered.fault) return { content, rest: undefined, fault: filtered.fault }
    if (filtered.end !== undefined)
      return { content, rest: octets.slice(start + filtered.end), fault: undefined }
  }
  return { content, rest: undefined, fault: undefined }
}

describe('a message', () => {
  test('ends at CR LF dot CR LF, and what follows is left', () => {
    assert.deepEqual(run('a\r\nb\r\n.\r\nRSET\r\n'), {
      content: 'a\r\nb\r\n',
      rest: 'RSET\r\n',
      fault: undefined,
    })
    assert.deepEqual(run('.\r\n'), { content: '', rest: '', fault: undefined })
  })

  test('loses the first dot of lines that begin with one, and no other', () => {
    assert.equal(run('..a\r\n...\r\n.b.\r\nc.\r\n.\r\n').content, '.a\r\n..\r\nb.\r\nc.\r\n')
  })

  test('keeps its dots where its end is told otherwise', () => {
    assert.deepEqual(run('..a\r\n.\r\nb', { dots: false }).content, '..a\r\n.\r\nb')
  })

  test('is handed on without a copy where nothing changes', () => {
    const chunk = Buffer.from('From: a\r\n\r\ntext\r\n.\r\n')
    const { content } = new DataFilter({ dots: true, repair: false }).feed(chunk)
    assert.equal(content.buffer, chunk.buffer)
    assert.equal(content.toString(), 'From: a\r\n\r\ntext\r\n')
  })
})

const faults: [string, Fault][] = [
  ['\n.\n', 'bareLineFeed'],
  ['\r\n.\n', 'bareLineFeed'],
  ['\n.\r\n', 'bareLineFeed'],
  ['\r\r\n.\r\r\n', 'bareCarriageReturn'],
  ['\r.\r', 'bareCarriageReturn'],
  ['\r.\r\n', 'bareCarriageReturn'],
  ['\r\n.\rX', 'bareCarriageReturn'],
  ['\r\n.\r\r\n', 'bareCarriageReturn'],
  ['\r\0\n.\r\n', 'bareCarriageReturn'],
  ['\r\n\0.\r\n', 'nul'],
  ['\r\n.\0\r\n', 'nul'],
  ['\r\n.\r\0\n', 'bareCarriageReturn'],
  ['\0', 'nul'],
]

describe('from outside', () => {
  for (const [ending, fault] of faults)
    test(`${JSON.stringify(ending)} is a fault, however it is cut`, () => {
      const octets = `text${ending}MAIL FROM:<>\r\n`
      for (let cut = 0; cut < octets.length; cut++) {
        const result = run(octets, { cuts: [cut] })
        assert.deepEqual([result.fault, result.rest], [fault, undefined])
      }
    })

  test('a CR at the end of a BDAT message is bare', () => {
    const filter = new DataFilter({ dots: false, repair: false })
    filter.feed(Buffer.from('text\r'))
    assert.equal(filter.finish().fault, 'bareCarriageReturn')
  })
})

describe('on submission', () => {
  for (const [octets, content] of [
    ['a\nb\r\n.\r\n', 'a\r\nb\r\n'],
    ['a\rb\r\n.\r\n', 'a\r\nb\r\n'],
    ['a\r\rb\r\n.\r\n', 'a\r\n\r\nb\r\n'],
    ['a\0b\r\n.\r\n', 'ab\r\n'],
    ['a\n.\nb\r\n.\r\n', 'a\r\n.\r\nb\r\n'],
    ['a\n.\r\nb\r\n.\r\n', 'a\r\n.\r\nb\r\n'],
    ['a\r\n.\nb\r\n.\r\n', 'a\r\n\r\nb\r\n'],
    ['a\r\n.\rb\r\n.\r\n', 'a\r\n\r\nb\r\n'],
    ['a\n..b\n.c\r...\r\n.\r\n', 'a\r\n.b\r\n.c\r\n..\r\n'],
    ['a\r\n\0..b\r\n.\r\n', 'a\r\n..b\r\n'],
    ['a\r.\r\nb\r\n.\r\n', 'a\r\n.\r\nb\r\n'],
    ['a\r\0\n.\r\nb\r\n.\r\n', 'a\r\n\r\n.\r\nb\r\n'],
    ['a\r\n.\0\r\nb\r\n.\r\n', 'a\r\n\r\nb\r\n'],
  ] as const)
    test(`${JSON.stringify(octets)} is mended, however it is cut`, () => {
      for (let cut = 0; cut < octets.length; cut++)
        assert.deepEqual(run(octets, { repair: true, cuts: [cut] }), { content, rest: '', fault: undefined })
    })

  test('a repair is noted', () => {
    const filter = new DataFilter({ dots: true, repair: true })
    filter.feed(Buffer.from('a\r\n'))
    assert.equal(filter.isRepaired, false)
    filter.feed(Buffer.from('b\n'))
    assert.equal(filter.isRepaired, true)
  })

  test('a message ended by a CR alone gets its LF', () => {
    const filter = new DataFilter({ dots: false, repair: true })
    filter.feed(Buffer.from('text\r'))
    assert.equal(filter.finish().content.toString(), '\n')
  })
})

test('a line above 1,000 octets is noted', () => {
  for (const [length, isLong] of [
    [998, false],
    [999, true],
  ] as const) {
    const filter = new DataFilter({ dots: true, repair: false })
    filter.feed(Buffer.from('a'.repeat(500)))
    filter.feed(Buffer.from(`${'a'.repeat(length - 500)}\r\nb\r\n.\r\n`))
    assert.equal(filter.hasLongLine, isLong)
  }
})

/** Hard to get right and short: what matters is how these follow one another. */
const awkward = fc.array(fc.constantFrom('\r', '\n', '.', '\0', 'a', '\r\n', '\r\n.', '\r\n.\r\n'), {
  maxLength: 30,
})
const cuts = fc.array(fc.nat(60), { maxLength: 6 })

test('where packets are cut never changes what is read', () => {
  fc.assert(
    fc.property(awkward, cuts, fc.boolean(), fc.boolean(), (pieces, cuts, repair, dots) => {
      const octets = pieces.join('')
      assert.deepEqual(run(octets, { repair, dots, cuts }), run(octets, { repair, dots }))
    }),
    { numRuns: 3_000 },
  )
})

test('it reads as a plain reading of the standard does', () => {
  fc.assert(
    fc.property(awkward, (pieces) => {
      const octets = pieces.join('')
      const end = `\r\n${octets}`.indexOf('\r\n.\r\n')
      const text = end === -1 ? octets : octets.slice(0, end)
      const isClean = !/\r(?!\n)|(?<!\r)\n|\0/.test(text) && end !== -1
      const result = run(octets)
      if (isClean) {
        assert.equal(result.content, text.replaceAll(/(^|\r\n)\./g, '$1'))
        assert.equal(result.rest, octets.slice(end + 3))
      } else assert.equal(result.rest, undefined)
    }),
    { numRuns: 3_000 },
  )
})

test('what is mended has no bare CR, LF or NUL, and what it needs no mending for stays as it is', () => {
  fc.assert(
    fc.property(awkward, (pieces) => {
      const octets = pieces.join('')
      const { content } = run(`${octets}\r\n.\r\n`, { repair: true })
      assert.doesNotMatch(content, /\r(?!\n)|(?<!\r)\n|\0/)
      const strict = run(`${octets}\r\n.\r\n`)
      if (!strict.fault) assert.equal(content, strict.content)
    }),
    { numRuns: 3_000 },
  )
})
