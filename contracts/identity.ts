/** One account for everything. */
import { contract } from './contract.ts'
import { adminCalls } from './identity/admin.ts'
import { appPasswordCalls } from './identity/app-passwords.ts'
import { keyCalls } from './identity/keys.ts'
import { privacyCalls, identityEvents } from './identity/privacy.ts'
import { profileCalls } from './identity/profiles.ts'
import { protectionCalls, protectionStreams } from './identity/protection.ts'
import { signInCalls, signInStreams } from './identity/sign-in.ts'

export const identity = contract('identity', {
  summary: 'Accounts, their credentials and sessions, and who may not come in at all.',
  holdsPersonalData: true,
  calls: {
    ...profileCalls,
    ...signInCalls,
    ...keyCalls,
    ...appPasswordCalls,
    ...adminCalls,
    ...privacyCalls,
    ...protectionCalls,
  },
  streams: { ...signInStreams, ...protectionStreams },
  events: identityEvents,
})
