/**
 * Shows what could not be handled, and delivers or removes it.
 * Keeps nothing: dead letters are the bus's own. Admins call it.
 */
import { bus } from '#contracts/bus.ts'
import type { DeadLetter } from '#platform/bus/bus.ts'
import { defineService } from '#platform/service.ts'

export default defineService({
  contract: bus,
  calls: {
    async listDeadLetters({ subscription, cursor, limit }, context) {
      const letters = await context.bus.deadLetters.list({ subscription, before: cursor, limit: limit + 1 })
      const items = letters.slice(0, limit)
      return { items: items.map(shown), nextCursor: letters.length > limit ? items.at(-1)!.id : null }
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
})

function shown({ publishedAt, diedAt, ...letter }: DeadLetter) {
  return { ...letter, publishedAt: publishedAt.toISOString(), diedAt: diedAt.toISOString() }
}
