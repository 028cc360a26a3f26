import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'

const yearSeconds = 31_536_000

/** Adds what every answer tells a browser not to do; what the answer says itself stays. */
export function addSecurityHeaders(headers: Record<string, string>, { socket }: IncomingMessage): void {
  headers['x-content-type-options'] = 'nosniff'
  headers['cross-origin-resource-policy'] ??= 'same-origin'
  if ((socket as TLSSocket).encrypted) headers['strict-transport-security'] = `max-age=${yearSeconds}`
  if (!headers['content-type']?.startsWith('text/html')) return
  headers['referrer-policy'] ??= 'same-origin'
  headers['x-frame-options'] ??= 'DENY'
  headers['content-security-policy'] ??= "frame-ancestors 'none'"
}
