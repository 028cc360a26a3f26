/** Builds what handlers get: the contexts that `platform/service.ts` promises. */
import { createClient, type Caller, type Client } from '#contracts/client.ts'
import type { CallDefinition, Contract, StreamDefinition } from '#contracts/contract.ts'
import { CallError, standardError, standardErrors, type CallErrorDetails } from '#contracts/errors.ts'
import type { Answerer, Invocation } from '#platform/calls.ts'
import type { Database } from '#platform/database/database.ts'
import type { Identity } from '#platform/identity.ts'
import type { Logger } from '#platform/log.ts'
import type { CommandContext, QueryContext, Service, ServiceContext } from '#platform/service.ts'
import { formatTraceparent, type TraceContext } from '#platform/trace.ts'
import { insideDeadlineMs, type TimeLimit } from './deadline.ts'

export interface ServiceRuntime {
  /** For work that no call stands for: its calls are made in the service's own name. */
  readonly context: ServiceContext
  callContext(
    definition: CallDefinition | StreamDefinition,
    invocation: Invocation,
    trace: TraceContext,
    time: TimeLimit,
  ): QueryContext
  /** Commits what the work wrote unless it fails or its time is over by then; after-commit actions run next. */
  transact<T>(context: QueryContext, work: (context: CommandContext) => Promise<T>): Promise<T>
}

/** What a service has of its own, whoever calls. */
export type ServiceBase = Omit<ServiceContext, 'client' | 'own'>

export function createRuntime(service: Service, base: ServiceBase, answerer: Answerer): ServiceRuntime {
  const identity = { kind: 'service', name: service.contract.name } as const
  const caller = callerFor(answerer, { identity })
  const context: ServiceContext = {
    ...base,
    get own() {
      return context
    },
    client: (contract) => createClient(contract, caller),
  }
  const owned = { service, base, context, answerer, identity }
  return {
    context,
    callContext: (definition, invocation, trace, time) =>
      new CallContext(owned, definition, invocation, trace, time) as unknown as QueryContext,
    transact: (context, work) => (context as unknown as CallContext).transact(work),
  }
}

interface Owned {
  service: Service
  base: ServiceBase
  context: ServiceContext
  answerer: Answerer
  identity: Identity
}

/** Made for every call, so nothing is made before it is asked for. Its functions can be taken off it. */
class CallContext {
  readonly #owned: Owned
  readonly #definition: CallDefinition | StreamDefinition
  readonly #invocation: Invocation
  readonly #time: TimeLimit
  readonly trace: TraceContext
  #log: Logger | undefined
  #tx: Database | undefined
  #afterCommit: (() => void)[] = []

  constructor(
    owned: Owned,
    definition: CallDefinition | StreamDefinition,
    invocation: Invocation,
    trace: TraceContext,
    time: TimeLimit,
  ) {
    this.#owned = owned
    this.#definition = definition
    this.#invocation = invocation
    this.trace = trace
    this.#time = time
  }

  get own() {
    return this.#owned.context
  }
  get service() {
    return this.#owned.base.service
  }
  get settings() {
    return this.#owned.base.settings
  }
  get db() {
    return this.#owned.base.db
  }
  get bus() {
    return this.#owned.base.bus
  }
  get cache() {
    return this.#owned.base.cache
  }
  get blobs() {
    return this.#owned.base.blobs
  }
  get uploads() {
    return this.#owned.base.uploads
  }
  get signals() {
    return this.#owned.base.signals
  }
  get secrets() {
    return this.#owned.base.secrets
  }
  get identity() {
    return this.#invocation.identity
  }
  get deadlineAt() {
    return this.#invocation.deadlineAt
  }
  get signal() {
    return this.#time.signal
  }
  get log(): Logger {
    const bindings = { traceId: this.trace.traceId, call: this.#definition.name }
    return (this.#log ??= this.#owned.base.log.child(bindings))
  }

  get client() {
    return <C extends Contract>(contract: C, options: { as?: 'caller' | 'service' } = {}): Client<C> => {
      const { trace, deadlineAt, signal } = this
      const identity = options.as === 'service' ? this.#owned.identity : this.identity
      return createClient(contract, callerFor(this.#owned.answerer, { identity, trace, deadlineAt, signal }))
    }
  }

  get fail() {
    return (code: string, detail?: string, details?: CallErrorDetails): never => {
      const declared = 'errors' in this.#definition ? this.#definition.errors[code] : undefined
      if (declared !== undefined) throw new CallError(code, declared, { ...details, detail })
      if (code in standardErrors) throw standardError(code as keyof typeof standardErrors, detail, details)
      throw new Error(`${this.service}.${this.#definition.name} does not declare ${code}`)
    }
  }

  get tx(): Database {
    if (!this.#tx) throw new Error(`${this.service} keeps nothing, so its commands have no transaction`)
    return this.#tx
  }

  async transact<T>(work: (context: CommandContext) => Promise<T>): Promise<T> {
    const { db, log } = this.#owned.base
    const answer = await db.transaction().execute(async (tx) => {
      this.#tx = tx
      const result = await work(this as unknown as CommandContext)
      this.#time.throwIfOver()
      return result
    })
    runAfterCommit(this.#afterCommit, log)
    return answer
  }

  get publish() {
    return async (name: string, payload: unknown): Promise<void> => {
      const { bus } = this
      const event = this.#owned.service.contract.events[name]
      if (!event) throw new Error(`${this.service} has no event ${name}`)
      await bus.publish(this.tx, event, payload, { traceparent: formatTraceparent(this.trace) })
      this.#afterCommit.push(() => bus.committed())
    }
  }

  get afterCommit() {
    return (action: () => void): void => void this.#afterCommit.push(action)
  }
}

/** Makes the calls of one identity; deadline and cancel of the work that makes them are inherited. */
export function callerFor(
  answerer: Answerer,
  from: { identity: Identity; trace?: TraceContext; deadlineAt?: number; signal?: AbortSignal },
): Caller {
  const invocation = (options: Parameters<Caller['call']>[2], deadlineAt: number): Invocation => ({
    identity: from.identity,
    deadlineAt,
    parent: from.trace,
    idempotencyKey: options.idempotencyKey,
    signal: eitherSignal(options.signal, from.signal),
  })
  return {
    call(definition, input, options) {
      const timeoutMs = options.deadlineMs ?? definition.deadlineMs ?? insideDeadlineMs
      const deadlineAt = Math.min(from.deadlineAt ?? Infinity, Date.now() + timeoutMs)
      return answerer.call(definition, input, invocation(options, deadlineAt))
    },
    stream: (definition, input, options) => answerer.stream(definition, input, invocation(options, Infinity)),
  }
}

/** An action that fails changes nothing: what it follows is committed. */
export function runAfterCommit(actions: readonly (() => void)[], log: Logger): void {
  for (const action of actions)
    try {
      action()
    } catch (error) {
      log.error({ err: error }, 'after-commit action failed')
    }
}

function eitherSignal(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  return one && other ? AbortSignal.any([one, other]) : (one ?? other)
}
