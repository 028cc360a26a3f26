/** Who sends a request. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { standardError } from '#contracts/errors.ts'
import { anonymous, type Identity } from '#platform/identity.ts'
import type { ProcessContext } from '#platform/service.ts'
import type { SessionCookies } from './cookie.ts'
import type { Sessions } from './sessions.ts'

/**
 * Reads, in this order, `Authorization: Bearer <session token, access token or key>`, `X-Api-Key: <the same>` and the session
 * cookie; who shows none of them is `anonymous`. A promise only for a session that is not known yet. Fails with
 *
 * - `unauthenticated` for a token or key in a header that is wrong or over. A cookie that is over counts as none, as a
 *   browser can't help sending it; the answer takes it away.
 * - `forbidden` for a cookie that could have been sent by the doing of somebody else's page.
 * - `unavailable` when identity has to be asked and does not answer.
 */
export type Identify = (
  incoming: IncomingMessage,
  outgoing?: Pick<ServerResponse, 'setHeader'>,
) => Identity | Promise<Identity>

export interface IdentifyOptions {
  process: Pick<ProcessContext, 'identifyServiceKey'>
  cookies: SessionCookies
  /** Undefined where the gateway does not reach identity: then nobody has a session. */
  sessions: Pick<Sessions, 'recall' | 'find'> | undefined
}

export function identifier({ process, cookies, sessions }: IdentifyOptions): Identify {
  const keys = new Map<string, Identity>()

  function checkKey(key: string): Identity | undefined {
    const identity = process.identifyServiceKey(key)
    if (identity) keys.set(key, identity)
    return identity
  }

  const find = (token: string, hasForm: (token: string) => boolean) =>
    hasForm(token) ? sessions?.find(token) : undefined

  function byHeader(token: string): Identity | Promise<Identity> {
    const known = keys.get(token) ?? sessions?.recall(token)
    if (known) return known
    const found = checkKey(token) ?? find(token, isToken)
    return found instanceof Promise ? found.then(orUnauthenticated) : orUnauthenticated(found)
  }

  function byCookie(
    incoming: IncomingMessage,
    outgoing: Parameters<Identify>[1],
  ): Identity | Promise<Identity> {
    const token = cookies.read(incoming)
    if (token === undefined) return anonymous
    const orAnonymous = (found: Identity | undefined) => {
      if (!found) outgoing?.setHeader('set-cookie', cookies.removal(incoming))
      return found ?? anonymous
    }
    const found = find(token, isSessionToken)
    return found instanceof Promise ? found.then(orAnonymous) : orAnonymous(found)
  }

  return (incoming, outgoing) => {
    const { authorization, 'x-api-key': apiKey, cookie } = incoming.headers
    if (authorization !== undefined) return byHeader(bearerToken(authorization))
    if (apiKey !== undefined) return byHeader(String(apiKey))
    return cookie === undefined ? anonymous : byCookie(incoming, outgoing)
  }
}

function orUnauthenticated(found: Identity | undefined): Identity {
  if (!found) throw standardError('unauthenticated', 'The token or key is not known, or its time is over.')
  return found
}

/** RFC 6750 §2.1. */
function bearerToken(authorization: string): string {
  const token = /^bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1]
  if (token === undefined) throw standardError('unauthenticated', 'Use Authorization: Bearer <token>.')
  return token
}

/** Of a session, a key (`dk_`, `sk_`), or an app's access token, a JWT. */
function isToken(token: string): boolean {
  return isSessionToken(token) || /^[ds]k_[\w-]{43}$/.test(token) || /^eyJ[\w-]+(\.[\w-]+){2}$/.test(token)
}

/** 32 bytes in base64url. */
function isSessionToken(token: string): boolean {
  return /^[\w-]{43}$/.test(token)
}
