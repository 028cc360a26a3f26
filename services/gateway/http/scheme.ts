import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'

/** Whether the client speaks HTTPS: with this gateway, or with a proxy in front that is trusted to say so. */
export function isHttps({ socket, headers }: IncomingMessage, trustedProxies: number): boolean {
  if ((socket as TLSSocket).encrypted) return true
  return trustedProxies > 0 && String(headers['x-forwarded-proto']).split(',')[0]!.trim() === 'https'
}
