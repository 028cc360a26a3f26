/** What operators do with events that could not be handled. */
import { z } from 'zod'
import { command, contract, page, pageInput, query } from './contract.ts'

export const DeadLetter = z.object({
  id: z.uuid(),
  subscription: z.string(),
  /** `service.event`. */
  event: z.string(),
  routingKey: z.string(),
  payload: z.unknown(),
  attempts: z.int(),
  /** Of the last attempt. */
  error: z.string(),
  publishedAt: z.iso.datetime(),
  diedAt: z.iso.datetime(),
})

const Chosen = z.object({ ids: z.array(z.uuid()).min(1).max(1000) })

export const bus = contract('bus', {
  summary: 'Shows events that could not be handled, and delivers or removes them.',
  calls: {
    listDeadLetters: query({
      summary: 'Dead letters, newest first.',
      http: 'GET /api/bus/dead-letters',
      access: 'admin',
      input: z.object({
        ...pageInput,
        cursor: z.uuid().optional(),
        subscription: z.string().max(200).optional(),
      }),
      output: page(DeadLetter),
    }),
    showDeadLetter: query({
      http: 'GET /api/bus/dead-letters/{id}',
      access: 'admin',
      input: z.object({ id: z.uuid() }),
      output: DeadLetter,
    }),
    replayDeadLetters: command({
      summary:
        'Delivers them again to the subscription that failed; `found` tells how many were still there.',
      http: 'POST /api/bus/dead-letters/replay',
      access: 'admin',
      input: Chosen,
      output: z.object({ found: z.int() }),
    }),
    discardDeadLetters: command({
      summary: 'Removes them for good.',
      http: 'POST /api/bus/dead-letters/discard',
      access: 'admin',
      input: Chosen,
      output: z.object({ found: z.int() }),
    }),
  },
})
