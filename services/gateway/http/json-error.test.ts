import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findJsonError } from './json-error.ts'

test('the first token that can not stand is found', () => {
  const cases: [text: string, at: number | undefined][] = [
    ['{}', undefined],
    [' [1, -0.5e+3, "\\u00e9\\n", true, false, null] ', undefined],
    ['', 0],
    ['   ', 3],
    ['{"a":1', 6],
    ['[1,', 3],
    ['{"a" 1}', 5],
    ['{"a":1,}', 7],
    ['[1,]', 3],
    ['[1 2]', 3],
    ['{a:1}', 1],
    ["{'a':1}", 1],
    ['{"a":01}', 6],
    ['[1.]', 2],
    ['[tru]', 1],
    ['["\n"]', 1],
    ['["\\x"]', 1],
    ['[}', 1],
    ['{]', 1],
    ['{}{}', 2],
    ['1 2', 2],
    ['NaN', 0],
    ['\uFEFF{}', 0],
  ]
  for (const [text, at] of cases) assert.equal(findJsonError(text), at, JSON.stringify(text))
})

test('it finds an error exactly where JSON.parse does', () => {
  const edit = fc.record({
    at: fc.nat(),
    cut: fc.nat(3),
    put: fc.constantFrom('', '"', '{', ']', ',', ':', '0', '-', 'e', '\\', 't', '\u0001', '\n'),
  })
  fc.assert(
    fc.property(fc.json(), fc.array(edit, { maxLength: 3 }), (json, edits) => {
      const text = edits.reduce((before, { at, cut, put }) => {
        const from = at % (before.length + 1)
        return before.slice(0, from) + put + before.slice(from + cut)
      }, json)
      assert.equal(findJsonError(text) === undefined, isJson(text), text)
    }),
    { numRuns: 5_000, seed: 20_260_101 },
  )
})

test('a megabyte is read in one pass', () => {
  const startedAt = performance.now()
  assert.equal(findJsonError('['.repeat(1_000_000)), 1_000_000)
  assert.equal(findJsonError(`"${'x'.repeat(1_000_000)}`), 0)
  assert.equal(findJsonError(`[${'{"a":1},'.repeat(100_000)}`), 800_001)
  assert.ok(performance.now() - startedAt < 2_000)
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
