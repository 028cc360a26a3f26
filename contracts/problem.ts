import { z } from 'zod'

/** A failure as people's programs get it, RFC 9457 §3.1. */
export const Problem = z.object({
  /** Where the reference explains the code. */
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  code: z.string(),
  /** Every wrong field at once; `path` is dotted. */
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  retryAfterSeconds: z.number().optional(),
  traceId: z.string().optional(),
})
export type Problem = z.output<typeof Problem>
