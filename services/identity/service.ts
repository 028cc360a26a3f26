/**
 * Accounts, their credentials and sessions, keys, privacy, and who may not come in at all.
 * Passwords are kept as Argon2id, tokens as SHA-256; what gateways remember of them is revoked by a stream.
 * Anyone may sign up and in, accounts see to themselves, admins to others; gateways ask whose a token is.
 */
import { identity } from '#contracts/identity.ts'
import { defineService } from '#platform/service.ts'
import { auditSubscription } from '#platform/audit.ts'
import { adminCalls } from './admin/calls.ts'
import { offerSetUp } from './admin/set-up-link.ts'
import { appPasswordCalls } from './keys/app-passwords.ts'
import { keyCalls } from './keys/calls.ts'
import { messageSubscriptions } from './people/messages.ts'
import { passwordCalls } from './people/password-reset.ts'
import { profileCalls } from './people/profiles.ts'
import { verificationCalls } from './people/verification.ts'
import { privacyCalls, privacySubscriptions } from './privacy/calls.ts'
import { removePastExports } from './privacy/exports.ts'
import { protectionCalls, protectionStreams, removeExpired } from './protection/calls.ts'
import { settings, type Context } from './settings.ts'
import { signInCalls, signInStreams, tidySignIn } from './sign-in/calls.ts'
import { deleteExpiredCodes } from './store/codes.ts'
import { deletePastKeys } from './store/keys.ts'
import { deleteRevocationsBefore } from './store/revocations.ts'

export default defineService({
  contract: identity,
  migrations: new URL('./migrations/', import.meta.url),
  settings,
  calls: {
    ...profileCalls,
    ...verificationCalls,
    ...passwordCalls,
    ...signInCalls,
    ...keyCalls,
    ...appPasswordCalls,
    ...adminCalls,
    ...privacyCalls,
    ...protectionCalls,
  },
  streams: { ...signInStreams, ...protectionStreams },
  roles: {
    api: {
      summary: 'answers the calls and streams, tells people, and forgets what is over',
      subscriptions: [
        ...messageSubscriptions,
        ...privacySubscriptions,
        auditSubscription('identity', identity.events.audited),
      ],
      start: offerSetUp,
      jobs: [
        { name: 'tidy', everyMs: 3_600_000, run: tidy },
        { name: 'removeExpiredRanges', everyMs: 60_000, run: removeExpired },
      ],
    },
  },
})

/** A gateway that was away for longer forgets everything instead. */
const keptRevocationDays = 1
/** Its owner sees why it does not work any more. */
const keptKeyDays = 30

async function tidy(context: Context): Promise<void> {
  await tidySignIn(context)
  await deleteExpiredCodes(context.db)
  await deletePastKeys(context.db, keptKeyDays)
  await removePastExports(context)
  await deleteRevocationsBefore(context.db, keptRevocationDays)
}
