/** The head of a request as the upstream gets it. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { standardError } from '#contracts/errors.ts'
import { withoutSessionCookies } from '#services/gateway/sessions/cookie.ts'
import { fieldRules, nominatedBy, type FieldRule } from './field-names.ts'

/** Carries the signed identity that services inside get too: an EdDSA JWT (RFC 8037 §3.1). */
const identityHeader = 'X-Dakghar-Identity'

/** What the gateway itself says of a request. */
export interface Provenance {
  clientAddress: string
  isHttps: boolean
  traceparent: string
  correlationId: string
  /** Undefined for an anonymous caller. */
  identityToken: string | undefined
}

/** How the content of a request goes on, RFC 9112 §6. */
export type RequestFraming = 'none' | 'length' | 'chunked'

const special = new Map<string, FieldRule>([
  ['cookie', 'cookie'],
  ['host', 'drop'],
  // Node answers it.
  ['expect', 'drop'],
  ['http2-settings', 'drop'],
  // Credentials are for the gateway.
  ['authorization', 'drop'],
  ['x-api-key', 'drop'],
  // What the gateway says, nobody outside says.
  [identityHeader.toLowerCase(), 'drop'],
  ['forwarded', 'drop'],
  ['x-real-ip', 'drop'],
  ['traceparent', 'drop'],
  ['x-correlation-id', 'drop'],
])

const ruleOf = fieldRules((name) => {
  // Servers that make CGI variables of fields (RFC 3875 §4.1.18) take `_` for `-`.
  if (name.startsWith('x-forwarded-') || name.includes('_')) return 'drop'
  return special.get(name) ?? 'pass'
})

/** `connection` are the fields of the connection to the upstream, each with its CRLF. */
export function requestHead(
  { method, url = '', headers, rawHeaders }: IncomingMessage,
  framing: RequestFraming,
  provenance: Provenance,
  connection = '',
): string {
  const { clientAddress, isHttps, traceparent, correlationId, identityToken } = provenance
  const host = headers.host ?? String(headers[':authority'] ?? '')
  let head = `${method} ${originForm(url)} HTTP/1.1\r\nHost: ${host}\r\n${endToEndFields(rawHeaders, headers.connection)}`
  if (framing === 'chunked') head += 'Transfer-Encoding: chunked\r\n'
  else if (headers['content-length'] !== undefined) head += `Content-Length: ${headers['content-length']}\r\n`
  if (identityToken !== undefined) head += `${identityHeader}: ${identityToken}\r\n`
  // RFC 9110 §7.6.3 wants Via.
  return `${head}Via: 1.1 dakghar\r\nX-Forwarded-For: ${clientAddress}\r\nX-Forwarded-Proto: ${isHttps ? 'https' : 'http'}\r\nX-Forwarded-Host: ${host}\r\ntraceparent: ${traceparent}\r\nX-Correlation-Id: ${correlationId}\r\n${connection}\r\n`
}

/** Throws `invalid` for a length or coding that two readers could understand differently, RFC 9112 §6.1, §6.3. */
export function requestFraming(incoming: IncomingMessage): RequestFraming {
  const { 'content-length': length, 'transfer-encoding': coding } = incoming.headers
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked' || length !== undefined || incoming.httpVersion === '1.0')
      throw standardError('invalid', 'The Transfer-Encoding can not be passed on.')
    return 'chunked'
  }
  if (length !== undefined) {
    if (!/^\d{1,15}$/.test(length)) throw standardError('invalid', 'The Content-Length is not a number.')
    return Number(length) === 0 ? 'none' : 'length'
  }
  const { stream } = incoming as unknown as Http2ServerRequest
  return incoming.httpVersionMajor === 2 && !stream.endAfterHeaders ? 'chunked' : 'none'
}

/** With the path of the request; throws `invalid` for one that leads out of what it begins with, RFC 3986 §5.2.4. */
function originForm(target: string): string {
  const origin = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '')
  if (/(?:[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\?]|%2f|%5c|$)/i.test(origin.split('?', 1)[0]!))
    throw standardError('invalid', 'The path has dot segments.')
  return origin.startsWith('/') ? origin : `/${origin}`
}

function endToEndFields(
  rawHeaders: readonly string[],
  connection: IncomingHttpHeaders['connection'],
): string {
  const nominated = nominatedBy(connection)
  let fields = ''
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const rule = ruleOf(name)
    if ((rule !== 'pass' && rule !== 'cookie') || nominated?.has(name.toLowerCase())) continue
    const value = rule === 'cookie' ? withoutSessionCookies(rawHeaders[i + 1]!) : rawHeaders[i + 1]!
    if (rule === 'pass' || value !== '') fields += `${name}: ${value}\r\n`
  }
  return fields
}
