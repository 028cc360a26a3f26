/** Tells requests of our own pages from those that somebody else's page makes with the browser's cookie. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** `unknown`: no browser of today, which would say where the request comes from. */
export type Sender = 'own' | 'foreign' | 'unknown'

/**
 * By `Sec-Fetch-Site` (W3C Fetch Metadata §2.3), which no page can forge and browsers send to HTTPS and to localhost;
 * else by `Origin` (RFC 6454 §7), which has to name the host of the request. Pages of origins that CORS allows are ours.
 */
export function senderOf(
  headers: IncomingHttpHeaders,
  cors: { allows(origin: string): boolean } | undefined,
): Sender {
  const { origin, 'sec-fetch-site': site } = headers
  if (site === 'same-origin' || site === 'none') return 'own'
  if (origin !== undefined && cors?.allows(origin)) return 'own'
  if (site !== undefined) return 'foreign'
  if (origin === undefined) return 'unknown'
  return URL.canParse(origin) && new URL(origin).host === hostOf(headers) ? 'own' : 'foreign'
}

/** HTTP/2 has it in a pseudo-header, RFC 9113 §8.3.1. */
function hostOf(headers: IncomingHttpHeaders): string {
  return String(headers.host ?? headers[':authority'] ?? '').toLowerCase()
}

/** Whether a cookie alone does not prove that its owner wants this: it may change something, or opens a WebSocket. */
export function needsProof({ method, headers }: IncomingMessage): boolean {
  const isSafe = method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
  return !isSafe || headers.upgrade !== undefined
}
