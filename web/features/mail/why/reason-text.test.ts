import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { reasonText, reasonTexts } from './reason-text.ts'

const number = (value: number) => String(value)

test('every reason has a text in both languages, with the same holes', () => {
  const holesIn = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).toSorted()
  for (const [code, { en, bn }] of Object.values(reasonTexts).flatMap((texts) => Object.entries(texts))) {
    assert.deepEqual(holesIn(bn), holesIn(en), code)
    assert.match(bn, /[\u0980-\u09ff]/, code)
  }
})

test('every reason that mail is judged by has a text', () => {
  const services = join(import.meta.dirname, '../../../../services/mail')
  const codesIn = (pattern: string) =>
    globSync(pattern, { cwd: services })
      .filter((name) => !name.endsWith('.test.ts'))
      .flatMap((name) => [...readFileSync(join(services, name), 'utf8').matchAll(/\bcode: '(\w+)'/g)])
      .map(([, code]) => code!)
  const spam = codesIn('{spam,arrival}/**/*.ts')
  assert.ok(spam.length > 40, `${spam.length} codes were found`)
  const missing = spam.filter((code) => !(code in reasonTexts.spam) && !(code in reasonTexts.category))
  assert.deepEqual(missing, [])
})

test('parameters are filled in; what has no text is shown as its code', () => {
  const words = { language: 'en', number } as const
  const blocked = { code: 'blocked', parameters: { entry: 'x@y.example' } }
  assert.match(reasonText(words, blocked, 'spam'), /x@y\.example/)
  assert.equal(reasonText(words, { code: 'neverHeardOf', parameters: {} }, 'spam'), 'neverHeardOf')
  assert.match(reasonText({ language: 'bn', number }, blocked, 'spam'), /[\u0980-\u09ff]/)
})
