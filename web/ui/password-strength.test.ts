import assert from 'node:assert/strict'
import { test } from 'node:test'
import { strengthOf } from './password-strength.ts'

test('length and variety make a password hard to guess', () => {
  const guesses = [
    ['', 'short'],
    ['a1!B', 'short'],
    ['aaaaaaaaaaaaaaaa', 'weak'],
    ['password', 'weak'],
    ['green boats at noon', 'good'],
    ['correct horse battery staple 9', 'strong'],
    ['আমার সোনার বাংলা', 'strong'],
  ] as const
  for (const [password, strength] of guesses) assert.equal(strengthOf(password), strength, password)
})
