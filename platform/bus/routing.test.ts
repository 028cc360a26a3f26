import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { keyPattern } from './routing.ts'

function matches(keys: string[], exchangeType: 'topic' | 'direct', routingKey: string): boolean {
  return new RegExp(keyPattern(keys, exchangeType)).test(`.${routingKey}`)
}

/** As the AMQP 0-9-1 documents say it (§3.1.3.3), word by word. */
function topicMatches(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return words.length === 0
  if (first === '#')
    return words.some((_, skipped) => topicMatches(rest, words.slice(skipped))) || topicMatches(rest, [])
  return words.length > 0 && (first === '*' || first === words[0]) && topicMatches(rest, words.slice(1))
}

test('wildcards of topic keys', () => {
  const table: [pattern: string, key: string, isMatch: boolean][] = [
    ['log.*', 'log.INFO', true],
    ['log.*', 'log', false],
    ['log.*', 'log.INFO.web', false],
    ['log.#', 'log', true],
    ['log.#', 'log.INFO.web', true],
    ['log.#', 'logs', false],
    ['#', 'anything.at.all', true],
    ['#', '', true],
    ['#.web', 'web', true],
    ['#.web', 'a.b.web', true],
    ['a.#.z', 'a.z', true],
    ['a.#.z', 'a.b.c.z', true],
    ['a.+', 'a.b', false],
    ['a(b', 'a(b', true],
    ['a|b', 'a', false],
    ['*', 'a', true],
    ['*', '', true],
  ]
  for (const [pattern, key, isMatch] of table)
    assert.equal(matches([pattern], 'topic', key), isMatch, `${pattern} and ${key}`)
})

test('keys of a direct exchange mean themselves, and one of several is enough', () => {
  assert(matches(['email', 'push'], 'direct', 'push'))
  assert(!matches(['email', 'push'], 'direct', 'pushed'))
  assert(!matches(['*', '#'], 'direct', 'email'))
  assert(matches(['*', '#'], 'direct', '#'))
})

test('any pattern matches as it would word by word', () => {
  const word = fc.constantFrom('a', 'b', 'c', '^x$', '\\d')
  const key = fc.array(word, { minLength: 1, maxLength: 5 })
  const pattern = fc.array(fc.oneof(word, fc.constantFrom('*', '#')), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(pattern, key, (patternWords, words) => {
      assert.equal(
        matches([patternWords.join('.')], 'topic', words.join('.')),
        topicMatches(patternWords, words),
      )
    }),
    { numRuns: 2000, seed: 1 },
  )
})
