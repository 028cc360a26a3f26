/** Answers calls of services that run elsewhere: chooses an instance, tries another one where that is safe. */
import type { CallDefinition, StreamDefinition } from '#contracts/contract.ts'
import { CallError, standardError } from '#contracts/errors.ts'
import type { Answerer, Invocation } from '#platform/calls.ts'
import { gauge } from '#platform/metrics.ts'
import type { OutboundCall, RpcAddress, RpcConnection } from '#platform/rpc/rpc.ts'
import { formatTraceparent } from '#platform/trace.ts'
import { createBreaker, type Breaker } from './breaker.ts'
import type { Directory } from './directory.ts'
import type { IdentityTokens } from './identity-tokens.ts'

/** How long a call waits for a connection to an instance when no instance has one. */
const connectTimeoutMs = 1_000

interface Instance {
  address: RpcAddress
  connection: RpcConnection
  breaker: Breaker
}

interface Chosen extends Instance {
  settle: NonNullable<ReturnType<Breaker['admit']>>
}

export class RemoteAnswerer implements Answerer, AsyncDisposable {
  readonly #directory: Directory
  readonly #connect: (address: RpcAddress) => RpcConnection
  readonly #tokens: IdentityTokens
  readonly #instances = new Map<RpcAddress, Instance>()

  constructor(options: {
    directory: Directory
    connect: (address: RpcAddress) => RpcConnection
    tokens: IdentityTokens
  }) {
    this.#directory = options.directory
    this.#connect = options.connect
    this.#tokens = options.tokens
    gauge('dakghar_rpc_breakers_open', 'Instances whose circuit breaker refuses calls.', [], (metric) =>
      metric.set([...this.#instances.values()].filter(({ breaker }) => breaker.state === 'open').length),
    )
  }

  async call(definition: CallDefinition, input: unknown, invocation: Invocation): Promise<unknown> {
    const isRepeatable = definition.kind === 'query' || invocation.idempotencyKey !== undefined
    const tried = new Set<RpcAddress>()
    for (;;) {
      const { address, connection, settle } = this.#choose(definition.service, tried)
      tried.add(address)
      try {
        if (connection.state !== 'ready') await connection.ready(connectTimeoutMs)
        const answer = await connection.call(await this.#outbound(definition, input, invocation))
        settle('success')
        return answer
      } catch (error) {
        settle(outcomeOf(error))
        const hasAnother = this.#directory
          .endpoints(definition.service)
          .some((other) => !tried.has(other.address))
        if (!hasAnother || !mayTryAnother(error, isRepeatable) || invocation.deadlineAt <= Date.now())
          throw error
      }
    }
  }

  async *stream(
    definition: StreamDefinition,
    input: unknown,
    invocation: Invocation,
  ): AsyncGenerator<unknown> {
    const { connection, settle } = this.#choose(definition.service, new Set())
    try {
      if (connection.state !== 'ready') await connection.ready(connectTimeoutMs)
      yield* connection.stream(await this.#outbound(definition, input, invocation))
      settle('success')
    } catch (error) {
      settle(outcomeOf(error))
      throw error
    } finally {
      settle('abandoned')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      [...this.#instances.values()].map(({ connection }) => connection[Symbol.asyncDispose]()),
    )
  }

  async #outbound(
    definition: CallDefinition | StreamDefinition,
    input: unknown,
    invocation: Invocation,
  ): Promise<OutboundCall> {
    const token = this.#tokens.sign(invocation.identity)
    return {
      method: `${definition.service}.${definition.name}`,
      input,
      timeoutMs: invocation.deadlineAt - Date.now(),
      traceparent: invocation.parent && formatTraceparent(invocation.parent),
      identityToken: typeof token === 'string' ? token : await token,
      idempotencyKey: invocation.idempotencyKey,
      signal: invocation.signal,
    }
  }

  /** The best instance not tried yet whose breaker lets the call through. Throws `unavailable` when there is none. */
  #choose(service: string, tried: ReadonlySet<RpcAddress>): Chosen {
    const candidates = this.#directory
      .endpoints(service)
      .filter(({ address }) => !tried.has(address))
      .map(({ address }) => this.#instanceAt(address))
      .toSorted((a, b) => rank(a) - rank(b))
    for (const instance of candidates) {
      const settle = instance.breaker.admit()
      if (settle) return { ...instance, settle }
    }
    if (candidates.length === 0)
      throw standardError('unavailable', `no instance of ${service} is known`, { retryAfterSeconds: 1 })
    const waitMs = Math.min(...candidates.map(({ breaker }) => breaker.waitMs))
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000))
    throw standardError('unavailable', `${service} does not answer`, { retryAfterSeconds })
  }

  #instanceAt(address: RpcAddress): Instance {
    let instance = this.#instances.get(address)
    if (!instance) {
      instance = { address, connection: this.#connect(address), breaker: createBreaker() }
      this.#instances.set(address, instance)
    }
    return instance
  }
}

/** Lower is better: ready before connecting before the rest, then by calls under way. */
function rank({ connection }: Instance): number {
  const byState = connection.state === 'ready' ? 0 : connection.state === 'connecting' ? 1e6 : 2e6
  return byState + connection.pendingCalls
}

/** Only what says something about the instance counts; an expected failure is a success of the instance. */
function outcomeOf(error: unknown): 'success' | 'failure' | 'abandoned' {
  if (!(error instanceof CallError)) return 'failure'
  if (error.code === 'cancelled' || error.code === 'overloaded') return 'abandoned'
  return ['unavailable', 'deadlineExceeded', 'internal'].includes(error.code) ? 'failure' : 'success'
}

function mayTryAnother(error: unknown, isRepeatable: boolean): boolean {
  if (!(error instanceof CallError)) return false
  if ('notSent' in error || error.code === 'overloaded') return true
  return isRepeatable && error.code === 'unavailable'
}
