/** Tells other servers that mail for a domain of ours comes over TLS (RFC 8461 §3.3): `https://mta-sts.<domain>/…`. */
import { createClient } from '#contracts/client.ts'
import { standardError } from '#contracts/errors.ts'
import { mail } from '#contracts/mail.ts'
import type { Answerer } from '#platform/calls.ts'
import { callerFor } from '#platform/host/contexts.ts'
import type { Page } from '#services/gateway/http/exchange.ts'

export const mtaStsPath = '/.well-known/mta-sts.txt'

export function mtaStsPage(answerer: Answerer): Page {
  const client = createClient(mail, callerFor(answerer, { identity: { kind: 'anonymous' } }))
  return async (c) => {
    const [, domain] =
      /^mta-sts\.([a-z0-9.-]{1,253})(?::\d+)?$/i.exec(c.env.incoming.headers.host ?? '') ?? []
    if (domain === undefined) throw standardError('notFound')
    const { policy } = await client.showMtaStsPolicy({ domain: domain.toLowerCase() })
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'max-age=300' }
    return { status: 200, headers, body: policy }
  }
}
