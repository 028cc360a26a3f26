import { counter, gauge } from '#platform/metrics.ts'
import type { Outcome } from '../store/recipients.ts'
import type { QueueLength } from '../store/queue.ts'

const deliveries = counter('dakghar_mail_deliveries_total', 'Recipients that were tried, by how it ended.', [
  'outcome',
])

const queued = gauge('dakghar_mail_queue_messages', 'Messages that wait to leave, once for each domain.')

const oldest = gauge('dakghar_mail_queue_oldest_seconds', 'How long the oldest of them has been due.')

export function countDelivery(outcome: Outcome['state']): void {
  deliveries.inc({ outcome })
}

export function showQueue({ messages, oldestSeconds }: QueueLength): void {
  queued.set(messages)
  oldest.set(oldestSeconds)
}
