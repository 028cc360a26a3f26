/** Trains and measures the model of categories on messages of our own writing. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { categorise } from '#services/mail/categories/categorise.ts'
import { categories, type Category } from '#services/mail/categories/category.ts'
import { unit, writeCategoryModel, type CategoryModel } from '#services/mail/categories/model.ts'
import { places, readSignals, type Signal } from '#services/mail/categories/signals.ts'
import type { ParsedMessage } from '#services/mail/mime/message.ts'
import { parseMessage } from '#services/mail/mime/parse.ts'
import { readEvidence } from '#services/mail/spam/evidence.ts'
import type { MailFacts } from '#services/mail/spam/facts.ts'
import { organisationOf } from '#services/mail/spam/links.ts'
import { createRandom, shuffle } from './random.ts'
import { render } from './render.ts'
import { readTemplates, type Template } from './templates.ts'

export interface CategoryExample {
  category: Category
  /** Senders are held out whole. */
  sender: string
  message: ParsedMessage
  facts: MailFacts
}

const renderings = 8
const folds = 5
const modelFile = join(import.meta.dirname, '../../services/mail/categories/model.bin')

export function readCategoryExamples(): CategoryExample[] {
  return readTemplates()
    .filter(({ file }) => categories.includes(file as Category))
    .flatMap((template) =>
      Array.from({ length: renderings }, (_, seed) => ({
        category: template.file as Category,
        sender: senderOf(template),
        message: parseMessage(render(template, seed).bytes),
        facts:
          seed % 3 === 0
            ? {}
            : {
                authentication: {
                  spf: 'pass',
                  dkim: seed % 3 === 1 ? 'pass' : 'none',
                  dmarc: seed % 3 === 1 ? 'pass' : 'none',
                },
              },
      })),
    )
}

/** A template whose sender is made up anew each time is a sender of its own. */
function senderOf({ file, name, from }: Template): string {
  const domain = /@([^>\s]+)/.exec(from)?.[1] ?? ''
  return domain.includes('{') || domain === '' ? `${file}/${name}` : organisationOf(domain)
}

export function trainCategories(): void {
  writeFileSync(modelFile, writeCategoryModel(trainCategoryModel(readCategoryExamples())))
  console.log(`Written: ${modelFile}`)
}

/** Each fifth of the senders judged by a model that has seen only the others. */
export function measureCategories(examples: readonly CategoryExample[]) {
  const senders = shuffle(createRandom('folds'), [...new Set(examples.map(({ sender }) => sender))])
  const foldOf = new Map(senders.map((sender, at) => [sender, at % folds]))
  const confusion = Object.fromEntries(
    categories.map((category) => [category, Object.fromEntries(categories.map((each) => [each, 0]))]),
  ) as Record<Category, Record<Category, number>>
  for (let fold = 0; fold < folds; fold++) {
    const model = trainCategoryModel(examples.filter(({ sender }) => foldOf.get(sender) !== fold))
    for (const { category, sender, message, facts } of examples)
      if (foldOf.get(sender) === fold) confusion[category][categorise(message, facts, model).category]++
  }
  const scores = categories.map((category) => {
    const right = confusion[category][category]
    const said = categories.reduce((sum, each) => sum + confusion[each][category], 0)
    const is = categories.reduce((sum, each) => sum + confusion[category][each], 0)
    return (2 * right) / (said + is)
  })
  return {
    confusion,
    scores,
    macroF1: scores.reduce((sum, score) => sum + score, 0) / scores.length,
    senders: senders.length,
  }
}

export function reportCategories(): void {
  const examples = readCategoryExamples()
  const { confusion, scores, macroF1, senders } = measureCategories(examples)
  console.log(
    `${examples.length} messages of ${senders} senders, each fifth of the senders judged by a model that never saw them.`,
  )
  console.table(
    Object.fromEntries(
      categories.map((category, at) => [
        category,
        { ...confusion[category], F1: Number(scores[at]!.toFixed(3)) },
      ]),
    ),
  )
  console.log(`macro-F1 ${macroF1.toFixed(3)}`)
}

const epochs = 12
const rate = 0.12
const decay = 0.02

/** Multinomial logistic regression. */
function trainCategoryModel(examples: readonly CategoryExample[]): CategoryModel {
  const random = createRandom('categories')
  const read = examples.map(({ category, message, facts }) => ({
    category,
    signals: readSignals(readEvidence(message, facts)),
  }))
  const weights = categories.map(() => new Float64Array(places + 1))
  const shares = categories.map(
    (category) =>
      read.length / categories.length / Math.max(1, read.filter((each) => each.category === category).length),
  )
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const { category, signals } of shuffle(random, read)) {
      const kept = signals.filter(() => random() >= 0.3)
      const odds = softmax(weights.map((each) => sumOf(each, kept)))
      const share = shares[categories.indexOf(category)]!
      categories.forEach((each, at) => {
        const move = ((each === category ? 1 : 0) - odds[at]!) * rate * share
        for (const { place, value } of kept) weights[at]![place]! += move * value
        weights[at]![places]! += move * 0.1
      })
    }
    for (const each of weights) for (let at = 0; at < each.length; at++) each[at]! *= 1 - decay
  }
  return Object.fromEntries(
    categories.map((category, at) => [
      category,
      Int8Array.from(weights[at]!, (weight) => Math.max(-127, Math.min(127, Math.round(weight * unit)))),
    ]),
  ) as CategoryModel
}

function sumOf(weights: Float64Array, signals: readonly Signal[]): number {
  return signals.reduce((sum, { place, value }) => sum + weights[place]! * value, weights[places]!)
}

function softmax(odds: readonly number[]): number[] {
  const most = Math.max(...odds)
  const powers = odds.map((each) => Math.exp(each - most))
  const sum = powers.reduce((total, each) => total + each, 0)
  return powers.map((each) => each / sum)
}
