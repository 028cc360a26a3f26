import { standardError } from '#contracts/errors.ts'

interface GroupCommitLimits {
  /** Items in one write. */
  group: number
  /** Items waiting for the next; more are refused with `overloaded`. */
  waiting: number
}

const defaults: GroupCommitLimits = { group: 500, waiting: 10_000 }

/** Items that come while others are being written are written together, next. Each promise settles with its group. */
export function groupCommit<Item>(
  write: (items: Item[]) => Promise<void>,
  limits: GroupCommitLimits = defaults,
): (item: Item) => Promise<void> {
  const waiting: { item: Item; settle: PromiseWithResolvers<void> }[] = []
  let isWriting = false

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting.splice(0, limits.group)
      try {
        await write(group.map(({ item }) => item))
        for (const { settle } of group) settle.resolve()
      } catch (error) {
        for (const { settle } of group) settle.reject(error)
      }
      // Let those who were waiting for this group come with what they have next.
      await nextTurn()
    }
    isWriting = false
  }

  return (item) => {
    if (waiting.length >= limits.waiting)
      return Promise.reject(standardError('overloaded', 'Too many events wait to be written.'))
    const settle = Promise.withResolvers<void>()
    waiting.push({ item, settle })
    if (!isWriting) {
      isWriting = true
      void nextTurn().then(writeAll) // Calls made in this turn share a write.
    }
    return settle.promise
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
