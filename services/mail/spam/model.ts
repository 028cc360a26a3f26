/** Weights that ship, and what an account adds to them. All are whole numbers, so that a training can be taken back exactly. */
import { readFileSync } from 'node:fs'
import { places } from './grams.ts'
import type { Features } from './features.ts'

export interface Model {
  /** In `unit`s of log-odds. */
  bias: number
  weights: Int16Array
}

/** What an account has learned. */
export interface Delta {
  bias: number
  weights: Int32Array
  /** Trainings in it, those taken back not counted. */
  trainings: number
}

export interface Models {
  shipped: Model
  account?: Delta
}

/** Whole numbers to one of log-odds. */
export const unit = 4096

/** How much each group of features weighs: header, text, tokens. */
const groupShares = [1.5, 1, 1.5] as const

/** Log-odds of spam by the weights of each group, without the rules. */
export function weighGroups(features: Features, { shipped, account }: Models): [number, number, number] {
  let start = 0
  return [0, 1, 2].map((group) => {
    const end = features.ends[group]!
    const sum = weighPlaces(features.places, start, end, shipped.weights, account?.weights)
    const odds = (sum * groupScale(group, end - start)) / unit
    start = end
    return odds
  }) as [number, number, number]
}

export function biasOf({ shipped, account }: Models): number {
  return (shipped.bias + (account?.bias ?? 0)) / unit
}

/** A group counts as much as its features are few: by the root of their number. */
export function groupScale(group: number, size: number): number {
  return groupShares[group]! / Math.sqrt(size + 1)
}

function weighPlaces(
  list: Uint16Array,
  start: number,
  end: number,
  shipped: Int16Array,
  account?: Int32Array,
): number {
  let sum = 0
  if (account === undefined) for (let at = start; at < end; at++) sum += shipped[list[at]!]!
  else for (let at = start; at < end; at++) sum += shipped[list[at]!]! + account[list[at]!]!
  return sum
}

const magic = 0x6d647331 // `mds1`
const headBytes = 8

export function writeModel({ bias, weights }: Model): Buffer {
  const bytes = Buffer.alloc(headBytes + weights.length * 2)
  bytes.writeUInt32BE(magic, 0)
  bytes.writeInt32LE(bias, 4)
  weights.forEach((weight, place) => bytes.writeInt16LE(weight, headBytes + place * 2))
  return bytes
}

/** Throws where the bytes are no model. */
export function readModel(bytes: Buffer): Model {
  if (bytes.length !== headBytes + places * 2 || bytes.readUInt32BE(0) !== magic)
    throw new Error('This is no spam model.')
  const weights = Int16Array.from({ length: places }, (_, place) => bytes.readInt16LE(headBytes + place * 2))
  return { bias: bytes.readInt32LE(4), weights }
}

let shippedModel: Model | undefined

/** Read once. */
export function loadShippedModel(): Model {
  shippedModel ??= readModel(readFileSync(new URL('model.bin', import.meta.url)))
  return shippedModel
}

export function createEmptyModel(): Model {
  return { bias: 0, weights: new Int16Array(places) }
}
