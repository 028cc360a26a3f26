/** Answers calls and streams of the services that run in this process. Every door ends here. */
import type { z } from 'zod'
import type { CallDefinition, StreamDefinition } from '#contracts/contract.ts'
import { CallError, standardError, standardErrors } from '#contracts/errors.ts'
import type { Answerer, Invocation } from '#platform/calls.ts'
import { databaseFailure } from '#platform/database/pool.ts'
import type { Logger } from '#platform/log.ts'
import type { CommandContext, QueryContext, Service } from '#platform/service.ts'
import { continueTrace, type SpanRecorder, type TraceContext } from '#platform/trace.ts'
import { authorize } from './access.ts'
import { createBulkhead, type Bulkhead } from './bulkhead.ts'
import { callRecorder } from './call-metrics.ts'
import type { ServiceRuntime } from './contexts.ts'
import { TimeLimit } from './deadline.ts'
import { onceInTransaction } from './idempotency.ts'

/** Handlers at work and in line for one service of one process. */
const bulkheadLimits = { running: 256, waiting: 1024 }

interface Answering {
  service: Service
  runtime: ServiceRuntime
  bulkhead: Bulkhead
}

type Definition = CallDefinition | StreamDefinition

export class LocalAnswerer implements Answerer {
  readonly #answering: ReadonlyMap<string, Answering>
  readonly #log: Logger
  readonly #spans: SpanRecorder

  constructor(
    running: readonly { service: Service; runtime: ServiceRuntime }[],
    { log, spans }: { log: Logger; spans: SpanRecorder },
  ) {
    this.#answering = new Map(
      running.map(({ service, runtime }) => [
        service.contract.name,
        { service, runtime, bulkhead: createBulkhead(service.contract.name, bulkheadLimits) },
      ]),
    )
    this.#log = log
    this.#spans = spans
  }

  /** Whether calls of the service are answered here. */
  answers(service: string): boolean {
    return this.#answering.has(service)
  }

  /** Resolves when no call runs. */
  async idle(): Promise<void> {
    await Promise.all([...this.#answering.values()].map(({ bulkhead }) => bulkhead.idle()))
  }

  async call(definition: CallDefinition, input: unknown, invocation: Invocation): Promise<unknown> {
    const trace = continueTrace(invocation.parent)
    const startedAt = Date.now()
    const started = performance.now()
    let code: string | undefined
    try {
      return await this.#answer(definition, input, invocation, trace)
    } catch (error) {
      const failure = this.#visibleError(error, definition, trace)
      code = failure.code
      throw failure
    } finally {
      callRecorder(definition).record(code ?? 'ok', performance.now() - started)
      const { service } = definition
      this.#spans.finish(trace, { service, name: nameOf(definition), kind: 'server', startedAt, error: code })
    }
  }

  async *stream(
    definition: StreamDefinition,
    input: unknown,
    invocation: Invocation,
  ): AsyncGenerator<unknown> {
    const trace = continueTrace(invocation.parent)
    const controller = new AbortController()
    const signal = invocation.signal
      ? AbortSignal.any([invocation.signal, controller.signal])
      : controller.signal
    try {
      const { service, runtime } = this.#answeringFor(definition)
      authorize(definition, invocation.identity)
      const parsed = parseInput(definition.input, input)
      const context = runtime.callContext(definition, invocation, trace, new TimeLimit(Infinity, { signal }))
      for await (const item of service.streams[definition.name]!(parsed, context as never))
        yield checkedOutput(definition, item)
    } catch (error) {
      throw this.#visibleError(error, definition, trace)
    } finally {
      controller.abort(standardError('cancelled'))
    }
  }

  #answer(
    definition: CallDefinition,
    input: unknown,
    invocation: Invocation,
    trace: TraceContext,
  ): Promise<unknown> {
    const { service, runtime, bulkhead } = this.#answeringFor(definition)
    authorize(definition, invocation.identity)
    const parsed = parseInput(definition.input, input)
    const found = service.calls[definition.name] as Handler | { opensTransaction: Handler }
    const opensItself = typeof found === 'object'
    const handler = opensItself ? found.opensTransaction : found
    const isTransaction = !opensItself && definition.kind === 'command' && service.migrations !== undefined
    const time = new TimeLimit(invocation.deadlineAt, invocation)
    return time.bound(async () => {
      const waiting = bulkhead.enter(time)
      if (waiting) await waiting
      try {
        const context = runtime.callContext(definition, invocation, trace, time)
        const output = isTransaction
          ? await runtime.transact(context, (inTransaction) =>
              runCommand(definition, parsed, invocation, inTransaction, handler),
            )
          : await handler(parsed, context)
        return checkedOutput(definition, output)
      } finally {
        bulkhead.leave()
      }
    })
  }

  #answeringFor(definition: Definition): Answering {
    const found = this.#answering.get(definition.service)
    if (!found) throw standardError('unavailable', `${definition.service} does not run here`)
    return found
  }

  /** Declared and standard errors pass; a database that is down is `unavailable`; the rest is a bug, logged here once. */
  #visibleError(error: unknown, definition: Definition, trace: TraceContext): CallError {
    const declared = 'errors' in definition ? definition.errors : {}
    if (error instanceof CallError && (error.code in declared || error.code in standardErrors)) return error
    const failure = databaseFailure(error)
    const facts = { err: error, call: nameOf(definition), traceId: trace.traceId }
    if (failure) this.#log.warn(facts, 'database unavailable')
    else this.#log.error(facts, 'call failed')
    return failure ?? standardError('internal')
  }
}

type Handler = (input: unknown, context: QueryContext) => Promise<unknown>

async function runCommand(
  definition: CallDefinition,
  input: unknown,
  { identity, idempotencyKey }: Invocation,
  context: CommandContext,
  handler: Handler,
): Promise<unknown> {
  if (idempotencyKey === undefined || definition.idempotency === 'none') return handler(input, context)
  const request = { identity, call: nameOf(definition), key: idempotencyKey, input }
  return onceInTransaction(context.tx, request, () => handler(input, context))
}

function nameOf({ service, name }: Definition): string {
  return `${service}.${name}`
}

/** Throws `invalid` with every wrong field. */
function parseInput(schema: z.ZodType, input: unknown): unknown {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  throw standardError('invalid', 'The input is not valid.', { fields })
}

/** Also leaves out what the contract does not show. */
function checkedOutput(definition: Definition, output: unknown): unknown {
  const parsed = definition.output.safeParse(output)
  if (parsed.success) return parsed.data
  throw new Error(`${nameOf(definition)} answered against its contract: ${parsed.error.message}`)
}
