/** Mailboxes on domains of our own: receiving, sending, filtering, reading. */
import { z } from 'zod'
import { auditedEvent } from './audit.ts'
import { contract, event } from './contract.ts'
import { administrationCalls } from './mail/administration.ts'
import { mailboxCalls } from './mail/mailboxes.ts'
import { messageCalls, messageStreams } from './mail/messages.ts'
import { settingCalls } from './mail/settings.ts'
import { transferCalls } from './mail/transfers.ts'
import { writingCalls } from './mail/writing.ts'

export const mail = contract('mail', {
  summary: 'Mailboxes on domains of our own: receives, sends, filters, sorts and shows mail.',
  holdsPersonalData: true,
  calls: {
    ...mailboxCalls,
    ...messageCalls,
    ...writingCalls,
    ...settingCalls,
    ...transferCalls,
    ...administrationCalls,
  },
  streams: { ...messageStreams },
  events: {
    /** Of mail to itself: what an admin did goes into the audit log, which nobody waits for. */
    audited: auditedEvent,
    /** A message came into a mailbox of somebody. */
    messageArrived: event(
      z.object({
        accountId: z.uuid(),
        messageId: z.uuid(),
        threadId: z.uuid(),
        verdict: z.string(),
        category: z.string(),
      }),
    ),
    /** The last of a message's recipients on other servers was reached or given up. */
    deliveryEnded: event(
      z.object({
        submissionId: z.uuid(),
        accountId: z.uuid().nullable(),
        delivered: z.int(),
        failed: z.int(),
      }),
    ),
  },
})
