/** Hono between Node's requests and the handlers: it finds the handler, the handler writes to Node's response. */
import type { IncomingMessage, RequestListener } from 'node:http'
import { Hono } from 'hono'
import type { Bindings, GatewayContext } from './exchange.ts'

/**
 * What Hono reads of a Request. A whole Request and Response for each exchange would cost as much as validating a
 * small body.
 */
class RequestLine {
  readonly method: string
  readonly url: string

  constructor({ method = '', url = '' }: IncomingMessage) {
    this.method = method
    this.url = url
  }
}

export function createRouter(): Hono<{ Bindings: Bindings }> {
  return new Hono({ getPath: ({ url }) => pathOf(url) })
}

/** A handler of a path without parameters. It gets of Hono's context only `env`. */
export type PlainHandler = (c: GatewayContext) => void

/**
 * `plain` has handlers by path, found sooner than by Hono. `takeEarly` says whether it has taken a request that is for
 * nobody the router knows.
 */
export function listenerFor(
  router: Hono<{ Bindings: Bindings }>,
  plain: ReadonlyMap<string, PlainHandler>,
  takeEarly: (bindings: Bindings) => boolean,
): RequestListener {
  return (incoming, outgoing) => {
    const bindings = { incoming, outgoing }
    const handle = plain.get(withoutQuery(incoming.url ?? ''))
    if (handle) return handle({ env: bindings } as GatewayContext)
    if (takeEarly(bindings)) return
    const request = new RequestLine(incoming) as unknown as Request
    void router.fetch(request, bindings)
  }
}

/** The path of a request target, RFC 9112 §3.2, without needless percent-encoding. What is none matches no route. */
export function pathOf(target: string): string {
  if (!target.startsWith('/') && URL.canParse(target)) return pathOf(new URL(target).pathname)
  const path = withoutQuery(target)
  if (!path.includes('%')) return path
  try {
    // Parameters are decoded once more when they are read.
    return decodeURI(path.replaceAll('%25', '%2525'))
  } catch {
    return path
  }
}

function withoutQuery(target: string): string {
  const query = target.indexOf('?')
  return query === -1 ? target : target.slice(0, query)
}
