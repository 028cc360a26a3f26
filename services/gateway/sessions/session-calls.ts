/** What the gateway does for calls that start or end a session, as their contract says. */
import type { IncomingMessage } from 'node:http'
import type { CallDefinition } from '#contracts/contract.ts'
import type { Identity } from '#platform/identity.ts'
import type { SessionCookies } from './cookie.ts'
import type { Sessions } from './sessions.ts'

export interface SessionCalls {
  /** Throws `forbidden` where somebody else's page would sign its reader in, to an account of its own choice. */
  before(definition: CallDefinition, incoming: IncomingMessage): void
  /** Sets or removes the cookie. A session that ended is over here at once, before identity's push. */
  after(definition: CallDefinition, answered: Answered, headers: Record<string, string>): void
}

interface Answered {
  incoming: IncomingMessage
  identity: Identity
  output: unknown
}

export function sessionCalls(
  cookies: SessionCookies,
  sessions: Pick<Sessions, 'end'> | undefined,
): SessionCalls {
  return {
    before({ session }, incoming) {
      if (session === 'starts') cookies.refuseForeign(incoming)
    },
    after({ session }, { incoming, identity, output }, headers) {
      if (session === 'starts')
        headers['set-cookie'] = cookies.make(incoming, (output as { token: string }).token)
      if (session !== 'ends') return
      headers['set-cookie'] = cookies.removal(incoming)
      sessions?.end(identity)
    },
  }
}
