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
import { insideDeadlineMs } from './deadline.ts'

export interface ServiceRuntime {
  readonly context: ServiceContext
  callContext(
    definition: CallDefinition | StreamDefinition,
    invocation: Invocation,
    trace: TraceContext,
    signal: AbortSignal,
  ): QueryContext
  /** Commits what the work wrote unless it fails or its signal has aborted by then; after-commit actions run next. */
  transact<T>(context: QueryContext, work: (context: CommandContext) => Promise<T>): Promise<T>
}

/** `base` is everything of the context but `client`, which is made here from the answerer. */
export function createRuntime(
  service: Service,
  base: Omit<ServiceContext, 'client'>,
  answerer: Answerer,
): ServiceRuntime {
  const ownIdentity: Identity = { kind: 'service', name: service.contract.name }
  const ownClients = callerFor(answerer, { identity: ownIdentity })
  const context: ServiceContext = { ...base, client: (contract) => createClient(contract, ownClients) }

  class CallContext {
    readonly #definition: CallDefinition | StreamDefinition
    readonly #invocation: Invocation
    readonly trace: TraceContext
    readonly signal: AbortSignal
    #log: Logger | undefined
    #tx: Database | undefined
    readonly #afterCommit: (() => void)[] = []

    constructor(
      definition: CallDefinition | StreamDefinition,
      invocation: Invocation,
      trace: TraceContext,
      signal: AbortSignal,
    ) {
      this.#definition = definition
      this.#invocation = invocation
      this.trace = trace
      this.signal = signal
    }

    get identity(): Identity {
      return this.#invocation.identity
    }

    get deadlineAt(): number {
      return this.#invocation.deadlineAt
    }

    get log(): Logger {
      return (this.#log ??= base.log.child({ traceId: this.trace.traceId, call: this.#definition.name }))
    }

    client<C extends Contract>(contract: C, options: { as?: 'caller' | 'service' } = {}): Client<C> {
      const identity = options.as === 'service' ? ownIdentity : this.identity
      return createClient(
        contract,
        callerFor(answerer, {
          identity,
          trace: this.trace,
          deadlineAt: this.deadlineAt,
          signal: this.signal,
        }),
      )
    }

    get tx(): Database {
      if (!this.#tx)
        throw new Error(`${service.contract.name} keeps nothing, so its commands have no transaction`)
      return this.#tx
    }

    set tx(tx: Database) {
      this.#tx = tx
    }

    async publish(name: string, payload: unknown): Promise<void> {
      const event = service.contract.events[name]
      if (!event) throw new Error(`${service.contract.name} has no event ${name}`)
      await base.bus.publish(this.tx, event, payload, { traceparent: formatTraceparent(this.trace) })
      this.afterCommit(() => base.bus.committed())
    }

    afterCommit(action: () => void): void {
      this.#afterCommit.push(action)
    }

    committed(): void {
      runAfterCommit(this.#afterCommit, base.log)
    }

    fail(code: string, detail?: string, details?: CallErrorDetails): never {
      const declared = 'errors' in this.#definition ? this.#definition.errors[code] : undefined
      if (declared !== undefined) throw new CallError(code, declared, { ...details, detail })
      if (code in standardErrors) throw standardError(code as keyof typeof standardErrors, detail, details)
      throw new Error(`${this.#definition.service}.${this.#definition.name} does not declare ${code}`)
    }
  }
  // Own properties would be copied for every call; on the prototype they cost nothing.
  const { log: _, client: __, ...shared } = context
  Object.assign(CallContext.prototype, shared)

  return {
    context,
    callContext: (...parts) => new CallContext(...parts) as unknown as QueryContext,
    async transact(callContext, work) {
      const context = callContext as unknown as CallContext
      const answer = await base.db.transaction().execute(async (tx) => {
        context.tx = tx
        const result = await work(callContext as CommandContext)
        context.signal.throwIfAborted()
        return result
      })
      context.committed()
      return answer
    },
  }
}

/** Makes the calls of one identity; deadline and cancel of the work that makes them are inherited. */
export function callerFor(
  answerer: Answerer,
  from: { identity: Identity; trace?: TraceContext; deadlineAt?: number; signal?: AbortSignal },
): Caller {
  const invocationFor = (options: Parameters<Caller['call']>[2]): Invocation => ({
    identity: from.identity,
    deadlineAt: Math.min(from.deadlineAt ?? Infinity, Date.now() + (options.deadlineMs ?? insideDeadlineMs)),
    traceparent: from.trace && formatTraceparent(from.trace),
    idempotencyKey: options.idempotencyKey,
    signal: eitherSignal(options.signal, from.signal),
  })
  return {
    call: (definition, input, options) =>
      answerer.call(
        definition,
        input,
        invocationFor({
          ...options,
          deadlineMs: options.deadlineMs ?? definition.deadlineMs ?? insideDeadlineMs,
        }),
      ),
    stream: (definition, input, options) =>
      answerer.stream(definition, input, { ...invocationFor(options), deadlineAt: Infinity }),
  }
}

/** An action that fails changes nothing: what it follows is committed. */
export function runAfterCommit(actions: (() => void)[], log: Logger): void {
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
