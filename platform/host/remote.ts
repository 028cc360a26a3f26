/** Answers calls of services that run elsewhere: chooses an instance, tries another one where that is safe. */
import type { CallDefinition, StreamDefinition } from '#contracts/contract.ts'
import { CallError, standardError } from '#contracts/errors.ts'
import { Balancer, type Lease } from '#platform/balance/balancer.ts'
import type { Outcome } from '#platform/balance/breaker.ts'
import type { EndpointTraffic } from '#platform/balance/member.ts'
import type { Answerer, Invocation } from '#platform/calls.ts'
import { gauge } from '#platform/metrics.ts'
import type { OutboundCall, RpcAddress, RpcConnection } from '#platform/rpc/rpc.ts'
import { formatTraceparent } from '#platform/trace.ts'
import { Connections, oneReady, type SharedConnection } from './connections.ts'
import type { Directory, Endpoint } from './directory.ts'
import type { IdentityTokens } from './identity-tokens.ts'

/** How long a call waits for a connection when no instance has one. */
const connectTimeoutMs = 1_000

type Instances = Balancer<Endpoint, SharedConnection>
type Work = Lease<Endpoint, SharedConnection>

/**
 * From the first call of a service on, its instances are connected with as they appear. The connection to one that
 * has left is closed when nothing runs on it.
 */
export class RemoteAnswerer implements Answerer, AsyncDisposable {
  readonly #directory: Directory
  readonly #connections: Connections
  readonly #tokens: IdentityTokens
  readonly #services = new Map<string, Instances>()
  readonly #stopListening: () => void

  constructor(options: {
    directory: Directory
    connect: (address: RpcAddress) => RpcConnection
    tokens: IdentityTokens
  }) {
    this.#directory = options.directory
    this.#connections = new Connections(options.connect)
    this.#tokens = options.tokens
    this.#stopListening = options.directory.onChange(() => {
      for (const [service, instances] of this.#services) instances.update(this.#directory.endpoints(service))
    })
    gauge(
      'dakghar_rpc_instances_ejected',
      'Instances that get no calls because too many failed.',
      [],
      (metric) => metric.set(Object.values(this.traffic()).flat().filter(isEjected).length),
    )
  }

  async call(definition: CallDefinition, input: unknown, invocation: Invocation): Promise<unknown> {
    const instances = this.#instancesOf(definition.service)
    const isRepeatable = definition.kind === 'query' || invocation.idempotencyKey !== undefined
    const tried: Work[] = []
    instances.retries.countRequest()
    for (;;) {
      const chosen = this.#choose(definition, instances, tried)
      const work = chosen instanceof Promise ? await chosen : chosen
      try {
        const token = this.#tokens.sign(invocation.identity)
        const identityToken = token instanceof Promise ? await token : token
        const outbound = outboundCall(definition, input, invocation, identityToken)
        const answer = await work.target.connection.call(outbound)
        work.end('success')
        return answer
      } catch (error) {
        work.end(outcomeOf(error))
        tried.push(work)
        if (!mayTryAnother(error, isRepeatable, invocation, instances, tried)) throw error
      }
    }
  }

  /** One that ends before its first item is opened at another instance. What comes later is the consumer's to judge. */
  async *stream(
    definition: StreamDefinition,
    input: unknown,
    invocation: Invocation,
  ): AsyncGenerator<unknown> {
    const instances = this.#instancesOf(definition.service)
    const key = definition.stickyKey?.(input)
    const tried: Work[] = []
    instances.retries.countRequest()
    for (;;) {
      const work = await this.#choose(definition, instances, tried, key)
      // A stream may be silent for hours, and that says nothing.
      work.report('abandoned')
      let hasItems = false
      try {
        const identityToken = await this.#tokens.sign(invocation.identity)
        const outbound = outboundCall(definition, input, invocation, identityToken)
        for await (const item of work.target.connection.stream(outbound)) {
          hasItems = true
          yield item
        }
        return
      } catch (error) {
        tried.push(work)
        if (hasItems || !mayTryAnother(error, true, invocation, instances, tried)) throw error
      } finally {
        work.end('abandoned')
      }
    }
  }

  /** Asks one instance and no other. */
  async callAt(
    endpoint: Pick<Endpoint, 'id' | 'address'>,
    definition: CallDefinition,
    input: unknown,
    invocation: Invocation,
  ): Promise<unknown> {
    const shared = this.#connections.open(endpoint)
    try {
      await shared.connection.ready(connectTimeoutMs)
      const identityToken = await this.#tokens.sign(invocation.identity)
      return await shared.connection.call(outboundCall(definition, input, invocation, identityToken))
    } finally {
      this.#connections.close(shared)
    }
  }

  /** How the calls of each service go that this process has called. */
  traffic(): Record<string, EndpointTraffic[]> {
    return Object.fromEntries(
      Array.from(this.#services, ([service, instances]) => [service, instances.snapshot()]),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening()
    await this.#connections[Symbol.asyncDispose]()
  }

  #instancesOf(service: string): Instances {
    let instances = this.#services.get(service)
    if (!instances) {
      instances = new Balancer({
        open: (endpoint) => this.#connections.open(endpoint),
        close: (shared) => this.#connections.close(shared),
        isReady: ({ connection }) => connection.state === 'ready',
      })
      this.#services.set(service, instances)
      instances.update(this.#directory.endpoints(service))
    }
    return instances
  }

  /** A promise only when no instance is connected. Throws `unavailable` when there is none. */
  #choose(
    { service }: CallDefinition | StreamDefinition,
    instances: Instances,
    tried: readonly Work[],
    key?: string,
  ): Work | Promise<Work> {
    const work = instances.choose(tried, key)
    if (!work)
      throw standardError('unavailable', `no instance of ${service} is known`, { retryAfterSeconds: 1 })
    if (work.target.connection.state === 'ready') return work
    work.end('abandoned')
    return oneReady(instances.targets, connectTimeoutMs).then(() => instances.choose(tried, key) ?? work)
  }
}

export function outboundCall(
  definition: CallDefinition | StreamDefinition,
  input: unknown,
  invocation: Invocation,
  identityToken: string | undefined,
): OutboundCall {
  return {
    method: `${definition.service}.${definition.name}`,
    input,
    timeoutMs: invocation.deadlineAt - Date.now(),
    traceparent: invocation.parent && formatTraceparent(invocation.parent),
    identityToken,
    idempotencyKey: invocation.idempotencyKey,
    signal: invocation.signal,
  }
}

/** Only what says something about the instance counts; an expected failure is a success of the instance. */
function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof CallError)) return 'failure'
  if (error.code === 'cancelled' || error.code === 'overloaded' || 'notSent' in error) return 'abandoned'
  return ['unavailable', 'deadlineExceeded', 'internal'].includes(error.code) ? 'failure' : 'success'
}

/** What no handler has begun is always safe to send again, and costs nobody anything unless the instance was overloaded. */
function mayTryAnother(
  error: unknown,
  isRepeatable: boolean,
  { deadlineAt }: Invocation,
  instances: Instances,
  tried: readonly Work[],
): boolean {
  if (!(error instanceof CallError) || deadlineAt <= Date.now() || !instances.hasOther(tried)) return false
  if (error.code === 'unavailable' && 'notSent' in error) return true
  const isSafe =
    'notSent' in error || error.code === 'overloaded' || (isRepeatable && error.code === 'unavailable')
  return isSafe && instances.retries.take()
}

function isEjected({ ejectedUntil }: EndpointTraffic): boolean {
  return ejectedUntil !== null && ejectedUntil > Date.now()
}
