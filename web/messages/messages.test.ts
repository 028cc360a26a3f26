import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import { wordsOf } from '#web/app/words.ts'
import { bn } from './bn.ts'
import { en } from './en.ts'
import { failureKeys, fieldMessageKeys } from './failures.ts'
import type { MessageKey } from './messages.ts'

const keys = Object.keys(en) as MessageKey[]
const holesIn = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).toSorted()

test('Bengali has every key of English and no other', () => {
  assert.deepEqual(Object.keys(bn).toSorted(), keys.toSorted())
})

test('texts of a key have the same holes in every language', () => {
  for (const key of keys) assert.deepEqual(holesIn(bn[key]), holesIn(en[key]), key)
})

test('no key is written twice', async () => {
  const parts = await Promise.all(
    globSync('en/*.ts', { cwd: import.meta.dirname }).map(
      async (file) => Object.values((await import(`./${file}`)) as Record<string, object>)[0]!,
    ),
  )
  assert.equal(
    parts.reduce((sum, part) => sum + Object.keys(part).length, 0),
    keys.length,
  )
})

test('Bengali texts are Bengali', () => {
  const isWord = /[a-z]{3,}/i
  const own = keys.filter((key) => isWord.test(en[key]) && !/[\u0980-\u09ff]/.test(bn[key]))
  assert.deepEqual(own, ['language.en'])
})

test('Bengali has Bengali digits, in dates and in counts', () => {
  const { t, counted, number, date } = wordsOf('bn', bn)
  assert.equal(number(1234567), '১২,৩৪,৫৬৭')
  assert.equal(counted('sessions.ended', 12), '১২টি সেশন শেষ হয়েছে।')
  assert.match(t('verify.resendIn', { seconds: 59 }), /৫৯/)
  assert.match(date('2026-11-22T06:00:00Z'), /২২.*২০২৬/)
  assert.doesNotMatch(date('2026-11-22T06:00:00Z'), /\d{2}/)
})

test('English counts one and more', () => {
  const { counted, ago } = wordsOf('en', en)
  assert.equal(counted('sessions.ended', 1), '1 session has ended.')
  assert.equal(counted('sessions.ended', 2), '2 sessions have ended.')
  assert.equal(ago(new Date(Date.now() - 3 * 3_600_000)), '3 hours ago')
  assert.equal(ago(new Date(Date.now() - 5_000)), 'this minute')
})

test('failures and field messages lead to texts that are there', () => {
  for (const key of [...Object.values(failureKeys), ...fieldMessageKeys.map(([, key]) => key)])
    assert.ok(key !== undefined && key in en, key)
})
