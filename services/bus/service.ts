/**
 * Shows what waits and what could not be handled, and delivers or removes the latter.
 * Keeps nothing: dead letters are the bus's own, and how much waited is in memory. Admins call it.
 */
import { pageOf } from '#platform/pages.ts'
import { bus } from '#contracts/bus.ts'
import type { DeadLetter } from '#platform/bus/bus.ts'
import { memory } from '#platform/memory.ts'
import { defineService } from '#platform/service.ts'
import { sampleQueues, type QueueSamples } from './queue-samples.ts'

export default defineService({
  contract: bus,
  calls: {
    async showQueues(_, context) {
      const samples = watched(context).samples?.all() ?? []
      return { queues: await context.bus.queues(), samples: [...samples] }
    },
    async listDeadLetters({ subscription, cursor, limit }, context) {
      const letters = await context.bus.deadLetters.list({ subscription, before: cursor, limit: limit + 1 })
      const { items, nextCursor } = pageOf(letters, limit, ({ id }) => id)
      return { items: items.map(shown), nextCursor }
    },
    async showDeadLetter({ id }, context) {
      const letter = await context.bus.deadLetters.show(id)
      return letter ? shown(letter) : context.fail('notFound')
    },
    async replayDeadLetters({ ids }, context) {
      return { found: await context.bus.deadLetters.replay(ids) }
    },
    async discardDeadLetters({ ids }, context) {
      return { found: await context.bus.deadLetters.discard(ids) }
    },
  },
  roles: {
    api: {
      summary: 'answers the calls, and watches how much waits',
      start: async (context) => (watched(context).samples = await sampleQueues(context.bus.queues)),
    },
  },
})

/** Of each process that answers the calls, from its start on. */
const watched = memory((): { samples?: QueueSamples } => ({}))

function shown({ publishedAt, diedAt, ...letter }: DeadLetter) {
  return { ...letter, publishedAt: publishedAt.toISOString(), diedAt: diedAt.toISOString() }
}
