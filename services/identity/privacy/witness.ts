/** For tests: what was published. */
import type { z } from 'zod'
import { contract, type EventDefinition } from '#contracts/contract.ts'
import { defineService, subscription } from '#platform/service.ts'

/** A service that takes note of events, to be run beside identity. */
export function witnessOf<Event extends EventDefinition>(event: Event) {
  const seen: z.output<Event['schema']>[] = []
  const service = defineService({
    contract: contract('witness', {}),
    roles: {
      api: {
        summary: 'takes note of events',
        subscriptions: [
          subscription({
            name: `witness.${event.name}`,
            event,
            handle: async (deliveries) =>
              void seen.push(...deliveries.map(({ payload }) => payload as never)),
          }),
        ],
      },
    },
  })
  return { service, seen }
}
