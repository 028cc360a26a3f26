import type { IncomingMessage } from 'node:http'
import { standardError, type CallError } from '#contracts/errors.ts'
import { doorError } from '#services/gateway/http/problem.ts'

/** As many as Apache takes; HAProxy takes one more. */
const mostFields = 100

/** Why nobody should answer a request, undefined when it is in order. The parser has seen to lengths and characters. */
export function faultOf(incoming: IncomingMessage): CallError | undefined {
  if (incoming.rawHeaders.length > 2 * mostFields)
    return doorError('headersTooLarge', `A request has at most ${mostFields} header fields.`)
  // RFC 9113 §8.3.1: what HTTP/1.1 says in Host.
  const authority = incoming.headers[':authority']
  if (authority !== undefined) incoming.headers.host ??= String(authority)
  const reason = ambiguity(incoming)
  return reason === undefined ? undefined : standardError('invalid', reason)
}

/** Why two servers could read it in two ways. RFC 9112 §3.2, §3.2.2, §6.1. */
function ambiguity(incoming: IncomingMessage): string | undefined {
  const { headers, httpVersion, httpVersionMajor, url = '' } = incoming
  const { host = '', 'transfer-encoding': coding } = headers
  if (headers.host === undefined && httpVersion === '1.1') return 'There is no Host header.'
  if (!/^[\w.:[\]-]*$/.test(host)) return 'The Host header is not valid.'
  if (hasTwoHosts(incoming.rawHeaders)) return 'There is more than one Host header.'
  if (coding !== undefined && httpVersion === '1.0') return 'HTTP/1.0 has no Transfer-Encoding.'
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return 'The only Transfer-Encoding is chunked.'
  if (httpVersionMajor !== 1 && !('stream' in incoming)) return 'This connection speaks HTTP/1.1.'
  if (url.includes('#')) return 'An address is sent without its fragment.'
  if (!url.startsWith('/') && url !== '*') return absoluteFault(url, host)
  const authority = headers[':authority']
  if (authority !== undefined && authority !== host) return 'Host is not the :authority.'
  return undefined
}

function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  return hosts > 1
}

/** The absolute form names the host a second time. */
function absoluteFault(url: string, host: string): string | undefined {
  const parts = /^https?:\/\/([^/?#@]+)(?:[/?]|$)/i.exec(url)
  if (!parts || !URL.canParse(url)) return 'This is no address.'
  return parts[1]!.toLowerCase() === host.toLowerCase()
    ? undefined
    : 'The address names another host than Host.'
}
