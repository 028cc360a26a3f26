/** Other people's services: requests below a path that one of them has registered are passed on to it by HTTP. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { standardError } from '#contracts/errors.ts'
import { Balancer } from '#platform/balance/balancer.ts'
import type { EndpointTraffic } from '#platform/balance/member.ts'
import type { ProxiedService } from '#platform/host/directory.ts'
import type { Identity } from '#platform/identity.ts'
import type { ProcessContext } from '#platform/service.ts'
import { continueTrace, formatTraceparent, parseTraceparent } from '#platform/trace.ts'
import {
  exchangesOf,
  type Bindings,
  type DoorContext,
  type Exchange,
} from '#services/gateway/http/exchange.ts'
import type { Upgrade } from '#services/gateway/http/upgrade.ts'
import type { CallLimiter } from '#services/gateway/protection/call-limits.ts'
import { senderOf } from '#services/gateway/sessions/cross-site.ts'
import type { Identify } from '#services/gateway/sessions/identify.ts'
import type { IsOver } from '#services/gateway/sessions/sessions.ts'
import { Forwarding, type ProxiedEndpoint, type Upstreams } from './forwarding.ts'
import { requestFraming, requestHead } from './request-head.ts'
import { openTunnel } from './tunnel.ts'
import { Upstream } from './upstream.ts'

export interface ProxyOptions extends DoorContext {
  process: ProcessContext
  identify: Identify
  /** Paths of our own, which come before any prefix. */
  ownPaths: readonly string[]
}

interface Route {
  /** Without a slash at its end. */
  prefix: string
  service: string
  upstreams: Upstreams
  open(bindings: Bindings): Exchange | undefined
}

export class Proxy implements Disposable {
  readonly #options: ProxyOptions
  readonly #limiter: CallLimiter
  readonly #ownRoots: ReadonlySet<string>
  readonly #stopListening: () => void
  readonly #tunnels = new Map<Duplex, Identity>()
  /** Longest prefix first. */
  #routes: readonly Route[] = []

  constructor(options: ProxyOptions) {
    const { process, protection } = options
    this.#options = options
    this.#ownRoots = new Set(options.ownPaths.map(rootOf))
    this.#limiter = protection.limiterOf({ limits: [] })
    this.#stopListening = process.directory.onChange(() => this.#update())
    this.#update()
  }

  /** Passes the request on where somebody has registered for its path. */
  take(path: string, bindings: Bindings): boolean {
    const route = this.#find(path)
    if (!route) return false
    const exchange = route.open(bindings)
    if (exchange) this.#pass(exchange, route.upstreams)
    return true
  }

  /** The same, without the router, for a path that begins as none of our own does. */
  readonly takeEarly = (bindings: Bindings): boolean => {
    if (this.#routes.length === 0) return false
    const { url = '' } = bindings.incoming
    const query = url.indexOf('?')
    const path = query === -1 ? url : url.slice(0, query)
    return !path.includes('%') && !this.#ownRoots.has(rootOf(path)) && this.take(path, bindings)
  }

  upgradeOf(path: string): Upgrade | undefined {
    const route = this.#find(path)
    return route && ((incoming, client, early) => this.#upgrade(route.upstreams, incoming, client, early))
  }

  /** Closes what was opened in the name of a session that is over. */
  readonly endSessions = (isOver: IsOver): void => {
    for (const [client, identity] of this.#tunnels) if (isOver(identity)) client.destroy()
  }

  /** How the requests to each service fare. */
  traffic(): Record<string, EndpointTraffic[]> {
    const endpoints = Map.groupBy(this.#routes, ({ service }) => service)
    return Object.fromEntries(
      Array.from(endpoints, ([service, routes]) => [
        service,
        routes.flatMap(({ upstreams }) => upstreams.snapshot()),
      ]),
    )
  }

  [Symbol.dispose](): void {
    this.#stopListening()
    for (const client of this.#tunnels.keys()) client.destroy()
    for (const { upstreams } of this.#routes) upstreams[Symbol.dispose]()
    this.#routes = []
  }

  #update(): void {
    const before = [...this.#routes]
    const routes = this.#options.process.directory.proxied().map((proxied) => {
      const prefix = proxied.pathPrefix.replace(/\/+$/, '')
      const at = before.findIndex((route) => route.prefix === prefix && route.service === proxied.service)
      const route = at === -1 ? this.#routeTo(proxied, prefix) : before.splice(at, 1)[0]!
      route.upstreams.update(proxied.endpoints)
      return route
    })
    this.#routes = routes.toSorted((a, b) => b.prefix.length - a.prefix.length)
    for (const { upstreams } of before) upstreams[Symbol.dispose]()
  }

  #routeTo({ service }: ProxiedService, prefix: string): Route {
    const upstreams: Upstreams = new Balancer<ProxiedEndpoint, Upstream>({
      open: ({ address }) => new Upstream(address),
      close: (upstream) => upstream[Symbol.dispose](),
      isReady: () => true,
    })
    return {
      prefix,
      service,
      upstreams,
      open: exchangesOf('*', `${prefix}/*`, this.#options),
    }
  }

  #find(path: string): Route | undefined {
    for (const route of this.#routes) {
      const { length } = route.prefix
      if (path.startsWith(route.prefix) && (path.length === length || path[length] === '/')) return route
    }
    return undefined
  }

  #pass(exchange: Exchange, upstreams: Upstreams): void {
    const forward = (identityToken: string | undefined) => {
      const { incoming, client, trace, correlationId } = exchange
      const framing = requestFraming(incoming)
      const head = requestHead(incoming, framing, {
        clientAddress: client.text,
        isHttps: this.#options.protection.isHttps(incoming),
        traceparent: formatTraceparent(trace),
        correlationId,
        identityToken,
      })
      new Forwarding(upstreams, exchange, head, framing).start()
    }
    try {
      const token = this.#admit(exchange)
      if (token instanceof Promise) token.then(forward).catch((error: unknown) => exchange.fail(error))
      else forward(token)
    } catch (error) {
      exchange.fail(error)
    }
  }

  async #upgrade(
    upstreams: Upstreams,
    incoming: IncomingMessage,
    client: Duplex,
    early: Buffer,
  ): Promise<void> {
    const { identify, process, protection } = this.#options
    // RFC 6455 §10.2: pages of other sites may open sockets too, and browsers send them the cookie.
    if (senderOf(incoming.headers, protection.cors) === 'foreign')
      throw standardError('forbidden', 'Pages of this origin may not connect.')
    const identity = await identify(incoming)
    const trace = continueTrace(parseTraceparent(incoming.headers.traceparent as string | undefined))
    const provenance = {
      clientAddress: protection.clientOf(incoming).text,
      isHttps: protection.isHttps(incoming),
      traceparent: formatTraceparent(trace),
      correlationId: trace.traceId,
      identityToken: await process.signIdentity(identity),
    }
    const head = requestHead(incoming, 'none', provenance, 'Connection: Upgrade\r\nUpgrade: websocket\r\n')
    this.#tunnels.set(client, identity)
    client.once('close', () => this.#tunnels.delete(client))
    await openTunnel(upstreams, head, client, early)
  }

  /** Finds out who asks and whether not too often; at once where that is known. */
  #admit(exchange: Exchange): string | undefined | Promise<string | undefined> {
    const { identify, process } = this.#options
    const found = identify(exchange.incoming, exchange.outgoing)
    const admit = (identity: Identity) => {
      const waiting = this.#limiter.take(exchange, identity, undefined)
      return waiting ? waiting.then(() => process.signIdentity(identity)) : process.signIdentity(identity)
    }
    return found instanceof Promise ? found.then(admit) : admit(found)
  }
}

/** The first segment: of `/legacy/items` `legacy`. */
function rootOf(path: string): string {
  const end = path.indexOf('/', 1)
  return path.slice(1, end === -1 ? undefined : end)
}
