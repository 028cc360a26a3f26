/** The cookie in which a browser holds the token of its session. */
import type { IncomingMessage } from 'node:http'
import { standardError, type CallError } from '#contracts/errors.ts'
import { longestSessionDays } from '#contracts/identity/sign-in.ts'
import type { Protection } from '#services/gateway/protection/protection.ts'
import { needsProof, senderOf } from './cross-site.ts'

/**
 * Over HTTPS `__Host-session`, which no other host and no plain HTTP can set (RFC 6265bis §4.1.3.2). Browsers take such
 * a cookie over HTTPS only, so over plain HTTP, on localhost, it is `dakghar-session` and not `Secure`; over HTTPS that one is
 * not read.
 */
const names = { https: '__Host-session', http: 'dakghar-session' }
/** In which a browser keeps that somebody signed in from it before. It lets nobody in. */
const deviceNames = { https: '__Host-device', http: 'dakghar-device' }
const deviceDays = 365

const ownNames = [...Object.values(names), ...Object.values(deviceNames)]

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
    readDevice(incoming: IncomingMessage): string | undefined {
      const { cookie } = incoming.headers
      const token = cookie && valueOf(cookie, isHttps(incoming) ? deviceNames.https : deviceNames.http)
      return token || undefined
    },
    /** `Set-Cookie` with the token of a device. */
    makeDevice(incoming: IncomingMessage, token: string): string {
      return setCookie(deviceNames, token, deviceDays * 86_400, isHttps(incoming))
    },
    /** Throws `forbidden` for a request that somebody else's page made. */
    refuseForeign({ headers }: IncomingMessage): void {
      if (senderOf(headers, cors) === 'foreign') throw refusal()
    },
    /** `Set-Cookie` with the token of a new session. */
    make(incoming: IncomingMessage, token: string): string {
      return setCookie(names, token, longestSessionDays * 86_400, isHttps(incoming))
    },
    /** `Set-Cookie` that takes the cookie away. */
    removal(incoming: IncomingMessage): string {
      return setCookie(names, '', 0, isHttps(incoming))
    },
  }
}

function refusal(): CallError {
  return standardError('forbidden', 'The request does not come from one of our own pages.')
}

/** A `Cookie` header as somebody else's service gets it: the token is not for it. */
export function withoutSessionCookies(cookies: string): string {
  if (!/(session|device)=/i.test(cookies)) return cookies
  const isOurs = (cookie: string) => ownNames.includes(cookie.split('=', 1)[0]!.trim())
  return cookies
    .split(';')
    .filter((cookie) => !isOurs(cookie))
    .join(';')
    .trim()
}

/** Whether a `Set-Cookie` of somebody else's service is for a cookie of ours. */
export function setsSessionCookie(value: string): boolean {
  const name = value.split(/[=;]/, 1)[0]!.trim().toLowerCase()
  return ownNames.some((ours) => ours.toLowerCase() === name)
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
function setCookie(name: typeof names, token: string, maxAge: number, isSecure: boolean): string {
  const attributes = `Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax`
  return isSecure ? `${name.https}=${token}; ${attributes}; Secure` : `${name.http}=${token}; ${attributes}`
}
