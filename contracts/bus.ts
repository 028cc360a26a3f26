/** What operators see of events that wait, and do with those that could not be handled. */
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

const Waiting = {
  depth: z.int(),
  /** Age of the oldest event that waits, 0 when none does. */
  lagSeconds: z.number(),
}

const Chosen = z.object({ ids: z.array(z.uuid()).min(1).max(1000) })

export const bus = contract('bus', {
  summary: 'Shows events that wait or could not be handled, and delivers or removes the latter.',
  calls: {
    showQueues: query({
      summary:
        'Events that wait: by subscription now, and altogether over the last 15 minutes, oldest first.',
      http: 'GET /api/bus/queues',
      access: 'admin',
      input: z.object({}),
      output: z.object({
        queues: z.array(z.object({ subscription: z.string(), ...Waiting })),
        samples: z.array(z.object({ at: z.iso.datetime(), ...Waiting })),
      }),
    }),
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
