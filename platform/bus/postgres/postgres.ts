/** The outbox is the queue: publishing writes a row per subscription, handling deletes it in its own transaction. */
import type { Bus } from '#platform/bus/bus.ts'
import { deadLettersOf } from '#platform/bus/dead-letters.ts'
import { measureQueues } from '#platform/bus/meters.ts'
import { publisherOf } from '#platform/bus/publisher.ts'
import { saveSubscription } from '#platform/bus/subscriptions.ts'
import { insertDeliveries, queueStates } from './deliveries.ts'
import { openQueues, stopWithin, type BusOptions } from './queues.ts'

export function openPostgresBus(options: BusOptions): Bus {
  const bus = options.database.forService('bus')
  const queues = openQueues(options)
  const measuring = measureQueues(() => queueStates(bus))
  return {
    ...publisherOf(bus, queues.announcer, insertDeliveries),
    async subscribe(subscriptions) {
      const numbers: number[] = []
      for (const { subscription } of subscriptions)
        numbers.push((await saveSubscription(bus, subscription)).number)
      for (const [index, { subscription, database }] of subscriptions.entries())
        queues.start(subscription, numbers[index] as number, database)
    },
    async declare(subscriptions) {
      for (const subscription of subscriptions) await saveSubscription(bus, subscription)
    },
    drain: (timeoutMs) => stopWithin(queues, timeoutMs),
    deadLetters: deadLettersOf(bus, queues.look),
    queues: () => queueStates(bus),
    problem: queues.problem,
    async [Symbol.asyncDispose]() {
      measuring[Symbol.dispose]()
      await queues[Symbol.asyncDispose]()
    },
  }
}
