/** Which pages of other origins may call: https://fetch.spec.whatwg.org/#http-cors-protocol. */
import type { IncomingHttpHeaders } from 'node:http'

export interface Cors {
  allows(origin: string): boolean
  /** Adds what every answer says to a page of another origin. */
  mark(request: IncomingHttpHeaders, answer: Record<string, string>): void
  /** The answer to a preflight; undefined when the request is none, or of an origin that is not allowed. */
  preflight(request: IncomingHttpHeaders, methods: string): Record<string, string> | undefined
}

/** Headers of answers that scripts may read beside the simple ones. */
const exposed = [
  'ETag',
  'Location',
  'RateLimit-Limit',
  'RateLimit-Policy',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'X-Correlation-Id',
].join(', ')
/** Longest that Chromium keeps a preflight. */
const preflightSeconds = 7200

/** Of `https://app.example.org, https://…`, undefined for none. Throws for what is no origin. */
export function corsFor(origins: string | undefined): Cors | undefined {
  const allowed = new Set(
    (origins ?? '')
      .split(',')
      .map((origin) => origin.trim())
      .filter(Boolean),
  )
  for (const origin of allowed)
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new Error(`CORS_ORIGINS: "${origin}" is not like https://app.example.org`)
  if (allowed.size === 0) return undefined
  const allows = (origin: string) => allowed.has(origin)
  return {
    allows,
    mark({ origin }, answer) {
      // The answer to one origin is none for a cache to give to another.
      answer.vary = answer.vary === undefined ? 'Origin' : `${answer.vary}, Origin`
      if (origin === undefined || !allows(origin)) return
      answer['access-control-allow-origin'] = origin
      answer['access-control-allow-credentials'] = 'true'
      answer['access-control-expose-headers'] = exposed
    },
    preflight(request, methods) {
      const {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': headers,
      } = request
      if (origin === undefined || method === undefined || !allows(origin)) return undefined
      return {
        'access-control-allow-methods': methods,
        // Credentials forbid `*`; whatever a page may send, the calls check.
        ...(headers !== undefined && { 'access-control-allow-headers': headers }),
        'access-control-max-age': String(preflightSeconds),
      }
    },
  }
}
