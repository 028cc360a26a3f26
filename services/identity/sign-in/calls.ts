/** Signing in, staying signed in, and what proves who somebody is. */
import type { Calls, Context, Streams } from '#services/identity/settings.ts'
import { deleteOldFailures } from '#services/identity/store/failures.ts'
import { deleteExpiredTickets } from '#services/identity/store/tickets.ts'
import { appCalls, tidyAppTokens } from './app-calls.ts'
import { loginCalls } from './login.ts'
import { passkeyCalls } from './passkey-calls.ts'
import { passkeyLoginCalls } from './passkey-login.ts'
import { followRevocations } from './revocations.ts'
import { secondFactorCalls } from './second-factor.ts'
import { securityCalls } from './security-calls.ts'
import { sessionCalls } from './session-calls.ts'
import { endExpiredSessions } from './sessions.ts'

export const signInCalls: Pick<Calls, keyof typeof import('#contracts/identity/sign-in.ts').signInCalls> = {
  ...loginCalls,
  ...secondFactorCalls,
  ...passkeyLoginCalls,
  ...appCalls,
  ...sessionCalls,
  ...securityCalls,
  ...passkeyCalls,
}

export const signInStreams: Pick<Streams, 'revocations'> = { revocations: followRevocations }

/** Forgets what is over. */
export async function tidySignIn(context: Context): Promise<void> {
  await endExpiredSessions(context)
  await deleteExpiredTickets(context.db)
  await deleteOldFailures(context.db)
  await tidyAppTokens(context)
}
