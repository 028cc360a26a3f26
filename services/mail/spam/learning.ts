import { featureVersion, type Features } from './features.ts'
import { places } from './grams.ts'
import { biasOf, groupScale, unit, weighGroups, type Delta, type Models } from './model.ts'

export type Label = 'ham' | 'spam'

/** What one training has added: enough, with the message's features, to take it back. */
export interface Training {
  version: number
  label: Label
  /** Added to each place of the groups header, text and tokens. */
  steps: readonly [number, number, number]
  bias: number
}

/** How far one wholly wrong verdict moves a group's log-odds of the same message, for a group of share 1. */
const rate = 3
const biasRate = 0.05
/** Half of each group's error is its own, so that none leans on the others; alone it is taken to be surer by this factor. */
export const ownFactor = 2
/** Beyond it a weight would not fit the three bytes that it has at most. */
const largestWeight = 500_000

export function createDelta(): Delta {
  return { bias: 0, weights: new Int32Array(places), trainings: 0 }
}

/** Moves the account's weights towards the label, the less the surer they are of it already. */
export function learn(models: Models & { account: Delta }, features: Features, label: Label): Training {
  const groups = weighGroups(features, models)
  const target = label === 'spam' ? 1 : 0
  const error = target - probability(groups[0] + groups[1] + groups[2] + biasOf(models) + features.offset)
  const steps = groups.map((odds, group) => {
    const size = features.ends[group]! - (group === 0 ? 0 : features.ends[group - 1]!)
    const own = target - probability(odds * ownFactor)
    return Math.round(((error + own) / 2) * rate * groupScale(group, size) * unit)
  }) as [number, number, number]
  const training = { version: features.version, label, steps, bias: Math.round(error * biasRate * unit) }
  if (!move(models.account, features, training, 1)) return { ...training, steps: [0, 0, 0], bias: 0 }
  models.account.trainings++
  return training
}

/** As if it had never been; whatever was learned since stays. False where the features are of another version. */
export function takeBack(delta: Delta, features: Features, training: Training): boolean {
  if (features.version !== training.version || training.version !== featureVersion) return false
  if (!move(delta, features, training, -1)) return false
  delta.trainings--
  return true
}

/** All or nothing. */
function move(delta: Delta, { places, ends }: Features, { steps, bias }: Training, sign: 1 | -1): boolean {
  const { weights } = delta
  for (let at = 0, group = 0; at < places.length; at++) {
    while (at >= ends[group]!) group++
    if (Math.abs(weights[places[at]!]! + sign * steps[group]!) > largestWeight) return false
  }
  let start = 0
  for (let group = 0; group < 3; group++) {
    const step = sign * steps[group]!
    const end = ends[group]!
    if (step !== 0) for (let at = start; at < end; at++) weights[places[at]!]! += step
    start = end
  }
  delta.bias += sign * bias
  return true
}

export function probability(odds: number): number {
  return 1 / (1 + Math.exp(-odds))
}

const magic = 0x6d646431 // `mdd1`

/** At most three bytes a place: 196,620 in all, and few where little was learned. */
export function writeDelta({ bias, weights, trainings }: Delta): Buffer {
  const bytes = Buffer.alloc(12 + weights.length * 4)
  bytes.writeUInt32BE(magic, 0)
  bytes.writeInt32LE(bias, 4)
  bytes.writeInt32LE(trainings, 8)
  let at = 12
  let zeros = 0
  for (const weight of weights) {
    if (weight === 0) {
      zeros++
      continue
    }
    if (zeros > 0) at = writeNumber(bytes, at, zeros * 2)
    zeros = 0
    at = writeNumber(bytes, at, (((weight << 1) ^ (weight >> 31)) >>> 0) * 2 + 1)
  }
  return bytes.subarray(0, at)
}

/** Throws where the bytes are no delta. */
export function readDelta(bytes: Buffer): Delta {
  if (bytes.length < 12 || bytes.readUInt32BE(0) !== magic) throw new Error('These are no learned weights.')
  const delta = { ...createDelta(), bias: bytes.readInt32LE(4), trainings: bytes.readInt32LE(8) }
  let place = 0
  for (let at = 12; at < bytes.length;) {
    let value = 0
    let shift = 1
    for (;;) {
      const byte = bytes[at++]
      if (byte === undefined || shift > 2 ** 35) throw new Error('The learned weights end too early.')
      value += (byte & 127) * shift
      shift *= 128
      if (byte < 128) break
    }
    if (value % 2 === 0) place += value / 2
    else if (place < places) {
      const zigzag = (value - 1) / 2
      delta.weights[place++] = (zigzag >>> 1) ^ -(zigzag & 1)
    }
    if (place > places) throw new Error('The learned weights are too many.')
  }
  return delta
}

/** Seven bits to a byte, least first. */
function writeNumber(bytes: Buffer, at: number, value: number): number {
  let rest = value
  let end = at
  while (rest >= 128) {
    bytes[end++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  bytes[end++] = rest
  return end
}
