/** The cookie in which a browser holds the token of its session. */
import type { IncomingMessage } from 'node:http'
import { standardError, type CallError } from '#contracts/errors.ts'
import { longestSessionDays } from '#contracts/identity.ts'
import type { Protection } from '#services/gateway/protection/protection.ts'
import { needsProof, senderOf } from './cross-site.ts'

/**
 * Over HTTPS `__Host-session`, which no other host and no plain HTTP can set (RFC 6265bis §4.1.3.2). Browsers take such
 * a cookie over HTTPS only, so over plain HTTP, on localhost, it is `dakghar-session` and not `Secure`; over HTTPS that one is
 * not read.
 */
const names = { https: '__Host-session', http: 'dakghar-session' }

export type SessionCookies = ReturnType<typeof sessionCookies>

export function sessionCookies({ isHttps, cors }: Pick<Protection, 'isHttps' | 'cors'>) {
  return {
    /** The token. Throws `forbidden` when the cookie could have been sent by the doing of somebody else's page. */
    read(incoming: IncomingMessage): string | undefined {
      const { cookie } = incoming.headers
      const token = cookie && valueOf(cookie, isHttps(incoming) ? names.https : names.http)
      if (!token) return undefined
      if (needsProof(incoming) && senderOf(incoming.headers, cors) !== 'own') throw refusal()
      return token
    },
    /** Throws `forbidden` for a request that somebody else's page made. */
    refuseForeign({ headers }: IncomingMessage): void {
      if (senderOf(headers, cors) === 'foreign') throw refusal()
    },
    /** `Set-Cookie` with the token of a new session. */
    make(incoming: IncomingMessage, token: string): string {
      return setCookie(token, longestSessionDays * 86_400, isHttps(incoming))
    },
    /** `Set-Cookie` that takes the cookie away. */
    removal(incoming: IncomingMessage): string {
      return setCookie('', 0, isHttps(incoming))
    },
  }
}

function refusal(): CallError {
  return standardError('forbidden', 'The request does not come from one of our own pages.')
}

/** A `Cookie` header as somebody else's service gets it: the token is not for it. */
export function withoutSessionCookies(cookies: string): string {
  if (!/session=/i.test(cookies)) return cookies
  const isOurs = (cookie: string) => Object.values(names).includes(cookie.split('=', 1)[0]!.trim())
  return cookies
    .split(';')
    .filter((cookie) => !isOurs(cookie))
    .join(';')
    .trim()
}

/** Whether a `Set-Cookie` of somebody else's service is for a cookie of ours. */
export function setsSessionCookie(value: string): boolean {
  const name = value.split(/[=;]/, 1)[0]!.trim().toLowerCase()
  return Object.values(names).some((ours) => ours.toLowerCase() === name)
}

function valueOf(cookies: string, name: string): string | undefined {
  for (let at = cookies.indexOf(name); at !== -1; at = cookies.indexOf(name, at + 1)) {
    const isWholeName = at === 0 || cookies[at - 1] === ' ' || cookies[at - 1] === ';'
    const from = at + name.length + 1
    if (!isWholeName || cookies[from - 1] !== '=') continue
    const end = cookies.indexOf(';', from)
    return cookies.slice(from, end === -1 ? undefined : end).trim()
  }
  return undefined
}

/** A browser keeps it as long as a session can last; whether it still does, identity knows. */
function setCookie(token: string, maxAge: number, isSecure: boolean): string {
  const attributes = `Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax`
  return isSecure ? `${names.https}=${token}; ${attributes}; Secure` : `${names.http}=${token}; ${attributes}`
}
