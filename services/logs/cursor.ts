import { z } from 'zod'
import type { QueryContext } from '#platform/service.ts'

/** Where lists go on: after this item. */
export const linePlace = z.object({ time: z.iso.datetime(), id: z.uuid() })
export const tracePlace = z.object({ startedAt: z.iso.datetime(), spanId: z.string() })
export const auditPlace = z.object({ sequence: z.int() })

/** Reads a cursor that `pageOf` made: the place as JSON in base64url. Fails with `invalid` for any other text. */
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

/** A page of at most `limit` items, given one more where there is one; `schema` tells which fields make the place. */
export function pageOf<Item>(items: Item[], limit: number, schema: z.ZodType) {
  const shown = items.slice(0, limit)
  const hasMore = items.length > limit
  const place = hasMore ? JSON.stringify(schema.parse(shown.at(-1))) : undefined
  return { items: shown, nextCursor: place === undefined ? null : Buffer.from(place).toString('base64url') }
}
