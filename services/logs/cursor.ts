import { z } from 'zod'

/** Where lists go on: after this item. */
export const linePlace = z.object({ time: z.iso.datetime(), id: z.uuid() })
export const tracePlace = z.object({ startedAt: z.iso.datetime(), spanId: z.string() })
export const auditPlace = z.object({ sequence: z.int() })
