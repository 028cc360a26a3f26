/** Answers calls and streams of the services that run in this process. Every door ends here. */
import type { z } from 'zod'
import type { CallDefinition, StreamDefinition } from '#contracts/contract.ts'
import { CallError, standardError, standardErrors } from '#contracts/errors.ts'
import type { Answerer, Invocation } from '#platform/calls.ts'
import type { Database } from '#platform/database/database.ts'
import { databaseFailure } from '#platform/database/pool.ts'
import type { Logger } from '#platform/log.ts'
import { counter, latency } from '#platform/metrics.ts'
import type { Service } from '#platform/service.ts'
import { continueTrace, type SpanRecorder, type TraceContext } from '#platform/trace.ts'
import { authorize } from './access.ts'
import { createBulkhead, type Bulkhead } from './bulkhead.ts'
import type { ServiceRuntime } from './contexts.ts'
import { withDeadline } from './deadline.ts'
import { onceInTransaction } from './idempotency.ts'

const callsTotal = counter('dakghar_calls_total', 'Calls answered by this process.', [
  'service',
  'call',
  'code',
])
const callSeconds = latency('dakghar_call_seconds', 'Time to answer a call.', ['service', 'call'])

/** Handlers at work and in line for one service of one process. */
const bulkheadLimits = { running: 256, waiting: 1024 }

export interface LocalAnswerer extends Answerer {
  /** Whether calls of the service are answered here. */
  answers(service: string): boolean
  /** Resolves when no call runs. */
  idle(): Promise<void>
}

interface Answering {
  service: Service
  runtime: ServiceRuntime
  bulkhead: Bulkhead
}

export function answerLocally(
  running: readonly { service: Service; runtime: ServiceRuntime }[],
  { log, spans }: { log: Logger; spans: SpanRecorder },
): LocalAnswerer {
  const answering = new Map<string, Answering>(
    running.map(({ service, runtime }) => [
      service.contract.name,
      { service, runtime, bulkhead: createBulkhead(service.contract.name, bulkheadLimits) },
    ]),
  )

  async function call(definition: CallDefinition, input: unknown, invocation: Invocation): Promise<unknown> {
    const trace = continueTrace(invocation.traceparent)
    const startedAt = Date.now()
    const stopTimer = timerFor(definition)
    let code: string | undefined
    try {
      const { service, runtime, bulkhead } = answeringFor(definition)
      authorize(definition.access, invocation.identity)
      const parsed = parseInput(definition.input, input)
      return await withDeadline(invocation.deadlineAt, invocation.signal, (signal) =>
        bulkhead.run(async () => {
          const handler = service.calls[definition.name]!
          const context = runtime.callContext(definition, invocation, trace, signal)
          const output =
            definition.kind === 'command' && service.migrations !== undefined
              ? await runtime.transact(context, (inTransaction) =>
                  runCommand(definition, parsed, invocation, inTransaction, handler as never),
                )
              : await handler(parsed, context as never)
          return checkedOutput(definition, output)
        }, signal),
      )
    } catch (error) {
      const failure = visibleError(error, definition, trace)
      code = failure.code
      throw failure
    } finally {
      stopTimer(code ?? 'ok')
      spans.finish(trace, {
        service: definition.service,
        name: `${definition.service}.${definition.name}`,
        kind: 'server',
        startedAt,
        error: code,
      })
    }
  }

  async function* stream(
    definition: StreamDefinition,
    input: unknown,
    invocation: Invocation,
  ): AsyncGenerator<unknown> {
    const trace = continueTrace(invocation.traceparent)
    const controller = new AbortController()
    const signal = invocation.signal
      ? AbortSignal.any([invocation.signal, controller.signal])
      : controller.signal
    try {
      const { service, runtime } = answeringFor(definition)
      authorize(definition.access, invocation.identity)
      const parsed = parseInput(definition.input, input)
      const context = runtime.callContext(definition, invocation, trace, signal)
      for await (const item of service.streams[definition.name]!(parsed, context as never))
        yield checkedOutput(definition, item)
    } catch (error) {
      throw visibleError(error, definition, trace)
    } finally {
      controller.abort(standardError('cancelled'))
    }
  }

  function answeringFor(definition: CallDefinition | StreamDefinition): Answering {
    const found = answering.get(definition.service)
    if (!found) throw standardError('unavailable', `${definition.service} does not run here`)
    return found
  }

  /** Declared and standard errors pass; a database that is down is `unavailable`; the rest is a bug, logged here once. */
  function visibleError(
    error: unknown,
    definition: CallDefinition | StreamDefinition,
    trace: TraceContext,
  ): CallError {
    const declared = 'errors' in definition ? definition.errors : {}
    if (error instanceof CallError && (error.code in declared || error.code in standardErrors)) return error
    const failure = databaseFailure(error)
    const call = `${definition.service}.${definition.name}`
    if (failure) {
      log.warn({ err: error, call, traceId: trace.traceId }, 'database unavailable')
      return failure
    }
    log.error({ err: error, call, traceId: trace.traceId }, 'call failed')
    return standardError('internal')
  }

  return {
    call,
    stream,
    answers: (service) => answering.has(service),
    idle: async () => {
      await Promise.all([...answering.values()].map(({ bulkhead }) => bulkhead.idle()))
    },
  }
}

async function runCommand(
  definition: CallDefinition,
  input: unknown,
  { identity, idempotencyKey }: Invocation,
  context: { tx: Database },
  handler: (input: unknown, context: unknown) => Promise<unknown>,
): Promise<unknown> {
  if (idempotencyKey === undefined || definition.idempotency === 'none') return handler(input, context)
  const call = `${definition.service}.${definition.name}`
  return onceInTransaction(context.tx, { identity, call, key: idempotencyKey, input }, () =>
    handler(input, context),
  )
}

/** Throws `invalid` with every wrong field. */
function parseInput(schema: z.ZodType, input: unknown): unknown {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  throw standardError('invalid', 'The input is not valid.', { fields })
}

/** Also leaves out what the contract does not show. */
function checkedOutput(definition: CallDefinition | StreamDefinition, output: unknown): unknown {
  const parsed = definition.output.safeParse(output)
  if (parsed.success) return parsed.data
  throw new Error(
    `${definition.service}.${definition.name} answered against its contract: ${parsed.error.message}`,
  )
}

type StopTimer = (code: string) => void
const timers = new WeakMap<CallDefinition, () => StopTimer>()

/** Label look-ups are made once per call definition, not once per call. */
function timerFor(definition: CallDefinition): StopTimer {
  let start = timers.get(definition)
  if (!start) {
    const { service, name } = definition
    const seconds = callSeconds.labels(service, name)
    const counts = new Map<string, { inc(): void }>()
    start = () => {
      const startedAt = performance.now()
      return (code) => {
        seconds.observe((performance.now() - startedAt) / 1000)
        let count = counts.get(code)
        if (!count) counts.set(code, (count = callsTotal.labels(service, name, code)))
        count.inc()
      }
    }
    timers.set(definition, start)
  }
  return start()
}
