/** Trains the shipped spam model: averaged stochastic gradient descent on the same features and groups as an account learns. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { places } from '#services/mail/spam/grams.ts'
import { thresholds } from '#services/mail/spam/judge.ts'
import { ownFactor, probability } from '#services/mail/spam/learning.ts'
import { biasOf, groupScale, unit, weighGroups, writeModel, type Model } from '#services/mail/spam/model.ts'
import { readEnron } from './enron.ts'
import { renderExamples, type Example } from './examples.ts'
import { errorRates, missedArea } from './measure.ts'
import { createRandom, shuffle, type Random } from './random.ts'
import { readTemplates } from './templates.ts'

export interface TrainingOptions {
  epochs: number
  rate: number
  /** Share of the features that each pass over an example leaves out, so that no few of them carry it. */
  dropout: number
  /** Share of each weight that an epoch takes away. */
  decay: number
  /** Multiplies all weights at the end: what the model says of senders it never saw is less sure than what it says of its own examples. */
  confidence: number
}

const defaultOptions: TrainingOptions = {
  epochs: 6,
  rate: 1.5,
  dropout: 0.6,
  decay: 0.1,
  confidence: 0.5,
}

/** Of each template. */
const renderings = 16
const modelFile = join(import.meta.dirname, '../../services/mail/spam/model.bin')

/** Prints figures on examples held out, then trains on all and writes the model. */
export function trainSpamModel(data: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'spam-train-'))
  try {
    const enron = readEnron(join(data, 'enron-spam-1-3.tar.xz'), folder)
    const own = renderExamples(readTemplates(), renderings)
    console.log(`Enron-Spam: ${enron.length} messages; our own: ${own.length}`)
    const part = (source: string) => source === 'enron3' || foldOf(source) === 0
    const all = [...enron, ...own]
    const held = train(all.filter(({ source }) => !part(source)))
    printFigures(
      'Enron 3, held out',
      held,
      enron.filter(({ source }) => part(source)),
    )
    printFigures(
      'a quarter of our templates, held out',
      held,
      own.filter(({ source }) => part(source)),
    )
    writeFileSync(modelFile, writeModel(train(all)))
    console.log(`Written: ${modelFile}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function foldOf(source: string): number {
  return source.startsWith('enron') ? -1 : Math.floor(createRandom(source)() * 4)
}

function printFigures(name: string, shipped: Model, examples: readonly Example[]): void {
  const labels = examples.map(({ label }) => label)
  const scores = examples.map(
    ({ features }) =>
      weighGroups(features, { shipped }).reduce((sum, odds) => sum + odds, biasOf({ shipped })) +
      features.offset,
  )
  const { falsePositives, falseNegatives } = errorRates(
    scores.map((score) => score > thresholds.spam),
    labels,
  )
  console.log(
    `${name}: ${examples.length} messages, (1-ROCA) ${missedArea(scores, labels).toFixed(2)} %, ` +
      `false positives ${falsePositives.toFixed(2)} %, false negatives ${falseNegatives.toFixed(2)} %`,
  )
}

function train(examples: readonly Example[], options: TrainingOptions = defaultOptions): Model {
  const random = createRandom('train')
  const weights = new Float64Array(places)
  const sums = new Float64Array(places)
  let bias = 0
  let biasSum = 0
  let rounds = 0
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const rate = options.rate / (1 + epoch)
    let seen = 0
    for (const example of shuffle(random, examples)) {
      bias += step(weights, bias, dropSome(example, options.dropout, random), rate)
      if (epoch === 0 || ++seen % 50 !== 0) continue
      rounds++
      for (let at = 0; at < places; at++) sums[at]! += weights[at]!
      biasSum += bias
    }
    for (let at = 0; at < places; at++) weights[at]! *= 1 - options.decay
  }
  const scale = (unit * options.confidence) / rounds
  return {
    bias: Math.round(biasSum * scale),
    weights: Int16Array.from(sums, (sum) => Math.max(-32_767, Math.min(32_767, Math.round(sum * scale)))),
  }
}

function dropSome(example: Example, share: number, random: Random): Example {
  const { places, ends } = example.features
  const kept = new Uint16Array(places.length)
  const keptEnds: [number, number, number] = [0, 0, 0]
  let count = 0
  let start = 0
  for (let group = 0; group < 3; group++) {
    for (let at = start; at < ends[group]!; at++) if (random() >= share) kept[count++] = places[at]!
    start = ends[group]!
    keptEnds[group] = count
  }
  return { ...example, features: { ...example.features, places: kept.subarray(0, count), ends: keptEnds } }
}

/** Moves the weights and gives what is to be added to the bias. */
function step(weights: Float64Array, bias: number, { label, features }: Example, rate: number): number {
  const target = label === 'spam' ? 1 : 0
  const odds = [0, 1, 2].map((group) => {
    const [start, end] = rangeOf(features, group)
    let sum = 0
    for (let at = start; at < end; at++) sum += weights[features.places[at]!]!
    return sum * groupScale(group, end - start)
  })
  const error = target - probability(odds[0]! + odds[1]! + odds[2]! + bias)
  odds.forEach((own, group) => {
    const [start, end] = rangeOf(features, group)
    const move = ((error + target - probability(own * ownFactor)) / 2) * rate * groupScale(group, end - start)
    for (let at = start; at < end; at++) weights[features.places[at]!]! += move
  })
  return error * 0.02 * rate
}

function rangeOf({ ends }: Example['features'], group: number): [number, number] {
  return [group === 0 ? 0 : ends[group - 1]!, ends[group]!]
}
