/** What the gateway does for calls that start or end a session, as their contract says. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { z } from 'zod'
import type { CallDefinition } from '#contracts/contract.ts'
import type { Device } from '#contracts/identity/account.ts'
import type { Identity } from '#platform/identity.ts'
import type { SessionCookies } from './cookie.ts'
import type { Sessions } from './sessions.ts'

export interface SessionCalls {
  /** Throws `forbidden` where somebody else's page would sign its reader in, to an account of its own choice. */
  before(definition: CallDefinition, incoming: IncomingMessage): void
  /** The input of a call that starts a session, with the device it comes from. */
  withDevice(definition: CallDefinition, incoming: IncomingMessage, address: string, input: unknown): unknown
  /** Sets or removes the cookies. A session that ended is over here at once, before identity's push. */
  after(definition: CallDefinition, answered: Answered): void
}

interface Answered {
  incoming: IncomingMessage
  outgoing: Pick<ServerResponse, 'setHeader'>
  identity: Identity
  output: unknown
}

export function sessionCalls(
  cookies: SessionCookies,
  sessions: Pick<Sessions, 'end'> | undefined,
): SessionCalls {
  /** An app keeps its tokens itself. */
  function cookiesOf({ token, refreshToken, deviceToken }: Started, incoming: IncomingMessage): string[] {
    if (refreshToken !== undefined) return []
    const session = token === undefined ? [] : [cookies.make(incoming, token)]
    return deviceToken === undefined ? session : [...session, cookies.makeDevice(incoming, deviceToken)]
  }

  return {
    before({ session }, incoming) {
      if (session === 'starts') cookies.refuseForeign(incoming)
    },
    withDevice({ session }, incoming, address, input) {
      if (session !== 'starts' || typeof input !== 'object') return input
      const userAgent = (incoming.headers['user-agent'] ?? '').slice(0, 1024)
      const device: z.input<typeof Device> = { address, userAgent, token: cookies.readDevice(incoming) }
      return { ...input, device }
    },
    after({ session }, { incoming, outgoing, identity, output }) {
      if (session === undefined) return
      if (session === 'starts') outgoing.setHeader('set-cookie', cookiesOf(output as Started, incoming))
      else {
        outgoing.setHeader('set-cookie', cookies.removal(incoming))
        sessions?.end(identity)
      }
    },
  }
}

/** What an answer that may have started a session says. */
interface Started {
  token?: string
  refreshToken?: string
  deviceToken?: string
}
