import { types, type CustomTypesConfig } from 'pg'

const { builtins, getTypeParser } = types

/** Types that `builtins` does not name. */
const arrayOf: Record<'text' | 'int8' | 'date', number> = { text: 1009, int8: 1016, date: 1182 }

/**
 * How values of Postgres come to JavaScript where `pg` does otherwise: `bigint` is a number, and an error when it
 * is not a safe one; `date` is text, `2026-01-31`, as it has no time zone. `timestamptz` is a Date, `jsonb` parsed,
 * `numeric` text.
 */
const own: Record<number, (text: string) => unknown> = {
  [builtins.INT8]: safeInteger,
  [arrayOf.int8]: (text) => textArray(text).map((item) => (item === null ? null : safeInteger(item))),
  [builtins.DATE]: (text) => text,
  [arrayOf.date]: textArray,
}

export const parsers: CustomTypesConfig = {
  getTypeParser: (oid, format) => (format !== 'binary' && own[oid]) || getTypeParser(oid, format),
}

function safeInteger(text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number)) throw new RangeError(`${text} is beyond the safe integers of JavaScript`)
  return number
}

function textArray(text: string): (string | null)[] {
  return getTypeParser(arrayOf.text)(text)
}
