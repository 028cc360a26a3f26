/** Who sends a request. */
import type { IncomingHttpHeaders } from 'node:http'
import { standardError } from '#contracts/errors.ts'
import { anonymous, type Identity } from '#platform/identity.ts'
import type { ProcessContext } from '#platform/service.ts'

/** Throws `unauthenticated` for a credential that is wrong. */
export type Identify = (headers: IncomingHttpHeaders) => Identity

/**
 * Reads `Authorization: Bearer <service key>` or `X-Api-Key: <service key>`; neither is anonymous. A key that was
 * good once is remembered while the process runs.
 */
export function identifier(process: Pick<ProcessContext, 'identifyServiceKey'>): Identify {
  const known = new Map<string, Identity>()
  return ({ authorization, 'x-api-key': apiKey }) => {
    const credential = authorization ?? apiKey
    if (credential === undefined) return anonymous
    const remembered = known.get(String(credential))
    if (remembered) return remembered
    const key = authorization === undefined ? String(apiKey) : bearerToken(authorization)
    const identity = process.identifyServiceKey(key)
    if (!identity) throw standardError('unauthenticated', 'The key is not known.')
    if (known.size < mostKnown) known.set(String(credential), identity)
    return identity
  }
}

/** Credentials remembered. */
const mostKnown = 1000

/** RFC 6750 §2.1. */
function bearerToken(authorization: string): string {
  const token = /^bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1]
  if (token === undefined) throw standardError('unauthenticated', 'Use Authorization: Bearer <key>.')
  return token
}
