/**
 * Mailboxes on domains of our own: receives, sends, filters, sorts and shows mail.
 * Keeps messages as they came, what was read of them, mailboxes, the queue of what leaves, domains and their keys.
 * People see to their own mail, admins to domains and the queue; any service may send.
 */
import { mail } from '#contracts/mail.ts'
import { auditSubscription } from '#platform/audit.ts'
import { defineService } from '#platform/service.ts'
import { changingCalls } from './changing/calls.ts'
import { deliveryCalls } from './delivery/calls.ts'
import { openDelivery } from './delivery/open.ts'
import { domainCalls } from './domains/calls.ts'
import { openDoors } from './doors/open.ts'
import { adoptEverybody, peopleSubscriptions } from './people/adopt.ts'
import { privacySubscriptions } from './people/privacy.ts'
import { readingCalls } from './reading/calls.ts'
import { followChanges } from './reading/changes.ts'
import { readStored } from './reading/stored.ts'
import { reportSubscriptions } from './reports/receive.ts'
import { sendReports } from './reports/send.ts'
import { ruleCalls } from './rules/calls.ts'
import { leaveLists } from './rules/leaving.ts'
import { searchCalls } from './search/calls.ts'
import { indexLeft } from './search/indexing.ts'
import { settings } from './settings.ts'
import { transferCalls } from './transfers/calls.ts'
import { openTransfers } from './transfers/runner.ts'
import { emptyOld, showSent, tidy, wake } from './upkeep/mailboxes.ts'
import type { Rebuilt } from './upkeep/rebuild.ts'
import { findOrphans, sweep } from './upkeep/sweep.ts'
import { teachFilters } from './upkeep/teach.ts'
import { writingCalls } from './writing/calls.ts'

export default defineService({
  contract: mail,
  migrations: new URL('./migrations/', import.meta.url),
  settings,
  calls: {
    ...readingCalls,
    ...changingCalls,
    ...writingCalls,
    ...deliveryCalls,
    ...domainCalls,
    ...ruleCalls,
    ...searchCalls,
    ...transferCalls,
  },
  streams: { changes: followChanges },
  async rebuild(stores, onProgress) {
    const { rebuild } = await import('./upkeep/rebuild.ts')
    return rebuiltText(await rebuild(stores, (sofar) => onProgress(rebuiltText(sofar))))
  },
  roles: {
    api: {
      summary: 'answers the calls and streams, and keeps mailboxes in order',
      subscriptions: [
        ...peopleSubscriptions,
        ...privacySubscriptions,
        ...reportSubscriptions,
        auditSubscription('mail', mail.events.audited),
      ],
      jobs: [
        { name: 'adoptEverybody', everyMs: 3_600_000, run: adoptEverybody },
        { name: 'indexLeft', everyMs: 10_000, run: indexLeft(({ blobs }, blob) => readStored(blobs, blob)) },
        { name: 'wake', everyMs: 20_000, run: wake },
        { name: 'showSent', everyMs: 3_000, run: showSent },
        { name: 'emptyOld', everyMs: 3_600_000, run: emptyOld },
        { name: 'teachFilters', everyMs: 600_000, run: teachFilters },
        { name: 'tidy', everyMs: 3_600_000, run: tidy },
        { name: 'leaveLists', everyMs: 60_000, run: (context) => leaveLists(context) },
        { name: 'sendReports', everyMs: 600_000, run: sendReports },
        { name: 'sweep', everyMs: 600_000, run: sweep },
        { name: 'findOrphans', everyMs: 86_400_000, run: findOrphans },
      ],
      start: async (context) => openTransfers(context),
    },
    smtp: { summary: 'takes mail from other servers and from mail programs', start: openDoors },
    delivery: { summary: 'brings mail to where it belongs, here and elsewhere', start: openDelivery },
  },
})

function rebuiltText({ messages, mended, missing }: Rebuilt): string {
  return `${messages} messages read, ${mended} put right, ${missing} without their bytes`
}
