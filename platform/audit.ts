/** What admins did, for the audit log. Nothing waits for that: an event of the service brings it there. */
import type { z } from 'zod'
import type { auditedEvent } from '#contracts/audit.ts'
import type { EventDefinition } from '#contracts/contract.ts'
import { logs } from '#contracts/logs.ts'
import type { Identity } from './identity.ts'
import { subscription, type ServiceSubscription } from './service.ts'

type Audited = z.output<(typeof auditedEvent)['schema']>

/** `subject`: an account or key by its id, or what else it was done to. Never a secret among the details. */
export async function audit(
  context: {
    identity: Identity
    service: string
    publish(event: 'audited', payload: Audited): Promise<void>
  },
  action: string,
  subject: string,
  details: Record<string, unknown> = {},
): Promise<void> {
  const { identity: who, service } = context
  const actor = who.kind === 'account' ? who.accountId : who.kind === 'service' ? who.name : who.kind
  await context.publish('audited', { actor, action: `${service}.${action}`, subject, details })
}

const minuteMs = 60_000

/** `audited` is the event of the service named. */
export function auditSubscription(service: string, audited: EventDefinition): ServiceSubscription {
  return subscription<EventDefinition>({
    name: `${service}.auditAdmins`,
    event: audited,
    // About a week, in case the logs are away.
    retryDelaysMs: [1_000, 10_000, minuteMs, 10 * minuteMs, ...Array<number>(168).fill(60 * minuteMs)],
    handle: async (deliveries, { client }) => {
      const calls = client(logs, { as: 'service' })
      for (const { id, payload } of deliveries)
        await calls.appendAudit(payload as Audited, { idempotencyKey: id })
    },
  })
}
