import type { z } from 'zod'
import type { QueryContext } from './service.ts'

/**
 * A page of at most `limit` rows, given one more where there is one. `cursorOf` its last row is where the next one
 * goes on.
 */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (last: Row) => string,
): { items: Row[]; nextCursor: string | null } {
  const items = rows.slice(0, limit)
  return { items, nextCursor: rows.length > limit ? cursorOf(items.at(-1)!) : null }
}

/** Reads a cursor that `cursorAt` made: the place as JSON in base64url. Fails with `invalid` for any other text. */
export function placeOf<Place>(
  schema: z.ZodType<Place>,
  cursor: string | undefined,
  context: Pick<QueryContext, 'fail'>,
): Place | undefined {
  if (cursor === undefined) return undefined
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    return context.fail('invalid', 'The cursor is not one that a page gave.')
  }
}

/** The cursor of an item; `schema` tells which fields make its place. */
export function cursorAt(schema: z.ZodType): (item: unknown) => string {
  return (item) => Buffer.from(JSON.stringify(schema.parse(item))).toString('base64url')
}
