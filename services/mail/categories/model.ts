import { readFileSync } from 'node:fs'
import { categories, type Category } from './category.ts'
import { places, type Signal } from './signals.ts'

/** For each category, whole numbers by place; the last one is what it starts with. */
export type CategoryModel = Record<Category, Int8Array>

/** Whole numbers to one of log-odds. */
export const unit = 24
const rows = places + 1

export function weighCategories(signals: readonly Signal[], model: CategoryModel): Record<Category, number> {
  return Object.fromEntries(
    categories.map((category) => {
      const weights = model[category]
      let sum = weights[places]!
      for (const { place, value } of signals) sum += weights[place]! * value
      return [category, sum / unit]
    }),
  ) as Record<Category, number>
}

export function writeCategoryModel(model: CategoryModel): Buffer {
  return Buffer.concat(categories.map((category) => Buffer.from(model[category].buffer)))
}

/** Throws where the bytes are no model. */
export function readCategoryModel(bytes: Buffer): CategoryModel {
  if (bytes.length !== rows * categories.length) throw new Error('This is no model of categories.')
  return Object.fromEntries(
    categories.map((category, at) => [category, new Int8Array(bytes.subarray(at * rows, (at + 1) * rows))]),
  ) as CategoryModel
}

let shipped: CategoryModel | undefined

/** Read once. */
export function loadCategoryModel(): CategoryModel {
  shipped ??= readCategoryModel(readFileSync(new URL('model.bin', import.meta.url)))
  return shipped
}
