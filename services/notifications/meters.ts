import { Histogram } from 'prom-client'
import type { Channel } from '#contracts/notifications.ts'
import { counter, gauge, metrics } from '#platform/metrics.ts'

const outcomes = counter(
  'dakghar_notifications_total',
  'Notifications that came to an end, and attempts that failed.',
  ['channel', 'outcome'],
)

const secondsName = 'dakghar_notification_delivery_seconds'
const seconds =
  (metrics.getSingleMetric(secondsName) as Histogram<'channel'>) ??
  new Histogram({
    name: secondsName,
    help: 'From the request until the next server took it.',
    labelNames: ['channel'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers: [metrics],
  })

type Outcome = 'delivered' | 'skipped' | 'kept' | 'failed' | 'attemptFailed' | 'putOff'

export function countOutcome(channel: Channel, outcome: Outcome): void {
  outcomes.inc({ channel, outcome })
}

export function countDelivery(channel: Channel, createdAt: Date): void {
  outcomes.inc({ channel, outcome: 'delivered' })
  seconds.observe({ channel }, (Date.now() - createdAt.getTime()) / 1000)
}

/** 1 while the circuit breaker keeps messages from a provider that fails. */
export const providerFailing = gauge(
  'dakghar_notification_provider_failing',
  'Whether messages wait because the provider fails.',
  ['channel'],
)
