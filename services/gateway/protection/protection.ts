/** What stands between the network and the work: who may come in, how often, and how much at a time. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { CallDefinition } from '#contracts/contract.ts'
import { standardError, type CallError } from '#contracts/errors.ts'
import type { Limits } from '#platform/limits/limits.ts'
import { gauge } from '#platform/metrics.ts'
import { hasBody } from '#services/gateway/http/body.ts'
import { isHttps } from '#services/gateway/http/scheme.ts'
import { clientAddress, type ClientAddress } from './address.ts'
import { Arrivals, type Arriving } from './arrivals.ts'
import type { Blocklist } from './blocklist.ts'
import { callLimiter, type CallLimiter, type Limited, type LimitPolicies } from './call-limits.ts'
import { Connections } from './connections.ts'
import type { Cors } from './cors.ts'
import type { Offender, OffenderPolicy, Offenders } from './offenders.ts'
import { createSenders, refused, type Senders } from './senders.ts'

export interface ProtectionPolicy {
  /** How many proxies in front of the gateway tell the truth in X-Forwarded-For. */
  trustedProxies: number
  /** Never marked as offenders; may open any number of connections. Addresses and ranges. */
  exempt: readonly string[]
  calls: LimitPolicies
  offenders: OffenderPolicy
  /** Requests at work at a time. */
  mostRequests: number
  mostConnections: number
  mostConnectionsPerAddress: number
  cors: Cors | undefined
}

/** A request between its arrival and its answer. */
export interface Guarded extends Arriving, Limited {
  readonly outgoing: ServerResponse
}

export interface Protection extends AsyncDisposable {
  readonly blocklist: Blocklist
  readonly offenders: Pick<Offenders, 'take'>
  /** What is written here counts from the next request on. */
  readonly limits: LimitPolicies
  readonly cors: Cors | undefined
  clientOf(incoming: IncomingMessage): ClientAddress
  isHttps(incoming: IncomingMessage): boolean
  /** Why a request that has just arrived is refused, undefined when it may go on. Each `begin` has its `end`. */
  begin(request: Guarded, options: { isQuiet: boolean }): CallError | undefined
  /** It has its answer. */
  end(request: Guarded): void
  /** The same as `begin` for a connection that leaves HTTP; it needs no `end`. */
  refusalOfUpgrade(incoming: IncomingMessage, socket: Duplex): CallError | undefined
  limiterOf(definition: Pick<CallDefinition, 'limits'>): CallLimiter
  /** Counts the connections of a server that has not begun to listen. */
  guard(server: Server): void
  /** Something came on a connection that is no HTTP. False where an answer that ends it is already on its way. */
  noteMalformed(socket: Socket): boolean
  snapshot(): ProtectionSnapshot
}

export interface ProtectionSnapshot {
  requests: number
  connections: number
  blockedRanges: number
  offenders: Offender[]
}

/** `onMark` is told of offenders that were marked here. */
export function createProtection(policy: ProtectionPolicy, limits: Limits, onMark = noMark): Protection {
  const { trustedProxies, mostRequests, cors } = policy
  const policies = { ...policy.calls }
  const onUnwanted = () => connections.closeWhere(senders.isUnwanted)
  const senders = createSenders(policy, { onUnwanted, onMark })
  const connections = connectionsFor(policy, senders.isExempt)
  const arrivals = new Arrivals()
  let running = 0
  gauge('dakghar_gateway_requests', 'Requests at work.', [], (metric) => metric.set(running))

  return {
    blocklist: senders.blocklist,
    offenders: senders.offenders,
    limits: policies,
    cors,
    clientOf: (incoming) => clientAddress(incoming, trustedProxies),
    isHttps: (incoming) => isHttps(incoming, trustedProxies),
    begin(request, { isQuiet }) {
      const { incoming, outgoing, client } = request
      running++
      if (hasBody(incoming)) arrivals.add(request)
      const isOrderly = connections.begin(incoming)
      const refusal = senders.refusal(client, incoming)
      if (refusal) {
        outgoing.shouldKeepAlive = false
        connections.endAll(incoming)
        return refusal
      }
      connections.hold(outgoing, client)
      if (!isOrderly) return tooBusy('pipelining')
      return isQuiet || running <= mostRequests ? undefined : tooBusy('overload')
    },
    end(request) {
      running--
      arrivals.delete(request)
      connections.end(request.incoming)
    },
    refusalOfUpgrade(incoming, socket) {
      const client = clientAddress(incoming, trustedProxies)
      connections.hold(socket, client)
      return senders.refusal(client, incoming)
    },
    limiterOf: (definition) =>
      callLimiter(definition, {
        policies,
        limits,
        onRefusal({ client }) {
          senders.noteOffence(client)
          refused.inc({ reason: 'limit' })
        },
      }),
    guard: (server) => connections.guard(server),
    noteMalformed(socket) {
      if (connections.isOver(socket)) return false
      refused.inc({ reason: 'malformed' })
      // Behind a proxy it is the proxy that is known.
      if (trustedProxies === 0) senders.noteOffence(clientAddress({ socket, headers: {} }, 0))
      return true
    },
    snapshot: () => ({
      requests: running,
      connections: connections.size,
      blockedRanges: senders.blocklist.size,
      offenders: senders.offenders.list(),
    }),
    async [Symbol.asyncDispose]() {
      arrivals[Symbol.dispose]()
      await limits[Symbol.asyncDispose]()
    },
  }
}

const noMark = (_offender: Offender): void => {}

function connectionsFor(policy: ProtectionPolicy, isExempt: Senders['isExempt']): Connections {
  return new Connections({
    total: policy.mostConnections,
    perAddress: policy.mostConnectionsPerAddress,
    areOfProxies: policy.trustedProxies > 0,
    isExempt,
  })
}

function tooBusy(reason: 'pipelining' | 'overload'): CallError {
  refused.inc({ reason })
  const detail = reason === 'pipelining' ? 'Too many requests on one connection.' : undefined
  return standardError('overloaded', detail, { retryAfterSeconds: 1 })
}
