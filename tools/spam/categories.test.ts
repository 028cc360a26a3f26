import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureCategories, readCategoryExamples } from './categories.ts'

test('mail of senders that the model has not seen goes where the guide says', () => {
  const examples = readCategoryExamples()
  assert.ok(examples.length >= 500)
  const { macroF1, scores } = measureCategories(examples)
  assert.ok(macroF1 >= 0.85, `macro-F1 ${macroF1}`)
  for (const score of scores) assert.ok(score >= 0.7, scores.join())
})
