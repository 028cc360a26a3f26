/** What admins did, for the audit log. Nothing waits for that: an event brings it there. */
import { identity } from '#contracts/identity.ts'
import { logs } from '#contracts/logs.ts'
import type { Identity } from '#platform/identity.ts'
import { subscription } from '#platform/service.ts'
import type { Command, settings } from '#services/identity/settings.ts'

/** `subject`: an account or key by its id, or what else it was done to. Never a secret among the details. */
export async function audit(
  context: Pick<Command, 'identity' | 'publish'>,
  action: string,
  subject: string,
  details: Record<string, unknown> = {},
): Promise<void> {
  const actor = actorOf(context.identity)
  await context.publish('audited', { actor, action: `${identity.name}.${action}`, subject, details })
}

function actorOf(who: Identity): string {
  return who.kind === 'account' ? who.accountId : who.kind === 'service' ? who.name : who.kind
}

const minuteMs = 60_000

export const auditSubscription = subscription<typeof identity.events.audited, typeof settings>({
  name: 'identity.auditAdmins',
  event: identity.events.audited,
  // About a week, in case the logs are away.
  retryDelaysMs: [1_000, 10_000, minuteMs, 10 * minuteMs, ...Array<number>(168).fill(60 * minuteMs)],
  handle: async (deliveries, { client }) => {
    const calls = client(logs, { as: 'service' })
    for (const { id, payload } of deliveries) await calls.appendAudit(payload, { idempotencyKey: id })
  },
})
