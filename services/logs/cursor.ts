import { z } from 'zod'
import type { QueryContext } from '#platform/service.ts'

/** Where lists go on: after this item. */
export const linePlace = z.object({ time: z.iso.datetime(), id: z.uuid() })
export const tracePlace = z.object({ startedAt: z.iso.datetime(), spanId: z.string() })
export const auditPlace = z.object({ sequence: z.int() })

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
