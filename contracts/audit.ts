/** What admins do, on its way into the audit log. */
import { z } from 'zod'
import { event } from './contract.ts'

/** An event of a service to itself. */
export const auditedEvent = event(
  z.object({
    /** An account id, or the name of a service or key. */
    actor: z.string(),
    /** `identity.setRoles`. */
    action: z.string(),
    subject: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
)
