/** The port without TLS, where there is one with it. */
import type { RequestListener } from 'node:http'
import {
  handlerFor,
  type DoorContext,
  type GatewayContext,
  type Page,
} from '#services/gateway/http/exchange.ts'
import { challengePath } from './acme.ts'

/** Probes and ACME authorities don't follow redirects to HTTPS. */
const staysPlain = new Set(['/ping', '/health', '/ready', '/metrics'])

/** `all` answers probes and challenges; everything else is sent to the same address with HTTPS. */
export function plainListener(all: RequestListener, tlsPort: number, context: DoorContext): RequestListener {
  const redirect = handlerFor('*', 'redirect', redirectTo(tlsPort), context)
  return (incoming, outgoing) => {
    const path = incoming.url!.split('?', 1)[0]!
    if (staysPlain.has(path) || path.startsWith(challengePath)) all(incoming, outgoing)
    else redirect({ env: { incoming, outgoing } } as GatewayContext)
  }
}

/** RFC 9110 §15.4.9: with the same method and body. */
function redirectTo(tlsPort: number): Page {
  return async ({ env: { incoming } }) => {
    const { host = 'localhost' } = incoming.headers
    const port = tlsPort === 443 ? '' : `:${tlsPort}`
    const path = incoming.url!.replace(/^https?:\/\/[^/?]*/i, '')
    const location = `https://${host.replace(/:\d+$/, '')}${port}${path}`
    return { status: 308, headers: { location }, body: '' }
  }
}
