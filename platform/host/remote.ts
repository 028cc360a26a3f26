/** Answers calls of services that run elsewhere: chooses an instance, tries another one where that is safe. */
import type { CallDefinition, StreamDefinition } from '#contracts/contract.ts'
import { CallError, standardError } from '#contracts/errors.ts'
import type { Answerer, Invocation } from '#platform/calls.ts'
import { gauge } from '#platform/metrics.ts'
import type { OutboundCall, RpcAddress, RpcConnection } from '#platform/rpc/rpc.ts'
import { createBreaker, type Breaker } from './breaker.ts'
import type { Directory } from './directory.ts'
import type { IdentityTokens } from './identity-tokens.ts'

interface Instance {
  connection: RpcConnection
  breaker: Breaker
}

/** How long a call waits for a connection to an instance when no instance has one. */
const connectTimeoutMs = 1_000

export function answerRemotely(options: {
  directory: Directory
  connect: (address: RpcAddress) => RpcConnection
  tokens: IdentityTokens
}): Answerer & AsyncDisposable {
  const { directory, connect, tokens } = options
  const instances = new Map<RpcAddress, Instance>()

  gauge('dakghar_rpc_breaker_open', 'Instances whose circuit breaker refuses calls.', [], (metric) =>
    metric.set([...instances.values()].filter(({ breaker }) => breaker.state === 'open').length),
  )

  async function call(definition: CallDefinition, input: unknown, invocation: Invocation): Promise<unknown> {
    const isRepeatable = definition.kind === 'query' || invocation.idempotencyKey !== undefined
    const tried = new Set<RpcAddress>()
    for (;;) {
      const [address, instance, settle] = choose(definition.service, tried)
      tried.add(address)
      try {
        if (instance.connection.state !== 'ready') await instance.connection.ready(connectTimeoutMs)
        const answer = await instance.connection.call(await outbound(definition, input, invocation))
        settle('success')
        return answer
      } catch (error) {
        settle(outcomeOf(error))
        const hasAnother = directory.instances(definition.service).some((other) => !tried.has(other))
        if (!hasAnother || !mayTryAnother(error, isRepeatable) || invocation.deadlineAt <= Date.now())
          throw error
      }
    }
  }

  async function* stream(definition: StreamDefinition, input: unknown, invocation: Invocation) {
    const [, instance, settle] = choose(definition.service, new Set())
    try {
      if (instance.connection.state !== 'ready') await instance.connection.ready(connectTimeoutMs)
      yield* instance.connection.stream(await outbound(definition, input, invocation))
      settle('success')
    } catch (error) {
      settle(outcomeOf(error))
      throw error
    } finally {
      settle('abandoned')
    }
  }

  async function outbound(
    definition: CallDefinition | StreamDefinition,
    input: unknown,
    invocation: Invocation,
  ): Promise<OutboundCall> {
    const token = tokens.sign(invocation.identity)
    return {
      method: `${definition.service}.${definition.name}`,
      input,
      timeoutMs: invocation.deadlineAt - Date.now(),
      traceparent: invocation.traceparent,
      identityToken: typeof token === 'string' ? token : await token,
      idempotencyKey: invocation.idempotencyKey,
      signal: invocation.signal,
    }
  }

  /** The least busy instance not tried yet whose breaker lets the call through. Throws `unavailable` when there is none. */
  function choose(service: string, tried: ReadonlySet<RpcAddress>) {
    const candidates = directory
      .instances(service)
      .filter((address) => !tried.has(address))
      .map((address) => [address, instanceAt(address)] as const)
      .toSorted(([, a], [, b]) => rank(a) - rank(b))
    for (const [address, instance] of candidates) {
      const settle = instance.breaker.admit()
      if (settle) return [address, instance, settle] as const
    }
    if (candidates.length === 0)
      throw standardError('unavailable', `no instance of ${service} is known`, { retryAfterSeconds: 1 })
    const waitMs = Math.min(...candidates.map(([, { breaker }]) => breaker.waitMs))
    throw standardError('unavailable', `${service} does not answer`, {
      retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
    })
  }

  function instanceAt(address: RpcAddress): Instance {
    let instance = instances.get(address)
    if (!instance)
      instances.set(address, (instance = { connection: connect(address), breaker: createBreaker() }))
    return instance
  }

  return {
    call,
    stream,
    async [Symbol.asyncDispose]() {
      await Promise.all([...instances.values()].map(({ connection }) => connection[Symbol.asyncDispose]()))
    },
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
