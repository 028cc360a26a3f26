import { counter, gauge, metrics } from '#platform/metrics.ts'
import type { QueueState } from './bus.ts'

export const meters = {
  published: counter(
    'dakghar_bus_published_total',
    'Events published, in transactions that were rolled back too.',
    ['event'],
  ),
  delivered: counter('dakghar_bus_delivered_total', 'Events handled.', ['subscription']),
  failed: counter('dakghar_bus_failed_total', 'Failed tries to handle an event alone.', ['subscription']),
  dead: counter('dakghar_bus_dead_total', 'Events that became dead letters.', ['subscription']),
  unroutable: counter('dakghar_bus_unroutable_total', 'Events that RabbitMQ had no queue for.', ['event']),
}

/** Reads the state of all queues at each scrape, until disposed of. */
export function measureQueues(read: () => Promise<QueueState[]>): Disposable {
  let reading: Promise<QueueState[]> | undefined
  const readOnce = () =>
    (reading ??= read()
      .catch((): QueueState[] => []) // The scrape shows the rest; the database has its own gauge.
      .finally(() => (reading = undefined)))
  const names = { depth: 'dakghar_bus_depth', lag: 'dakghar_bus_lag_seconds' }

  gauge(names.depth, 'Events that wait, by subscription.', ['subscription'], async (depth) => {
    for (const state of await readOnce()) depth.set({ subscription: state.subscription }, state.depth)
  })
  gauge(names.lag, 'Age of the oldest event that waits.', ['subscription'], async (lag) => {
    for (const state of await readOnce()) lag.set({ subscription: state.subscription }, state.lagSeconds)
  })
  return {
    [Symbol.dispose]() {
      for (const name of Object.values(names)) metrics.removeSingleMetric(name)
    },
  }
}
