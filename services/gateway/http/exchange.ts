/** One request and its answer: traced, measured, logged, and never without an answer. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from 'hono'
import { CallError, standardError } from '#contracts/errors.ts'
import { forgetDeadline, watchDeadline, type Awaited } from '#platform/deadlines.ts'
import { outsideDeadlineMs } from '#platform/host/deadline.ts'
import type { Logger } from '#platform/log.ts'
import type { ProcessContext } from '#platform/service.ts'
import { timings, type Recorder } from '#platform/timings.ts'
import { continueTrace, parseTraceparent, type TraceContext } from '#platform/trace.ts'
import type { Answer } from './answer.ts'
import { problemAnswer } from './problem.ts'
import { write } from './write.ts'

export interface Bindings {
  incoming: IncomingMessage
  outgoing: ServerResponse
}

export type GatewayContext = Context<{ Bindings: Bindings }>

/** Answers requests of one method and path. What it rejects with leaves as a problem document. */
export type Page = (c: GatewayContext, exchange: Exchange) => Promise<Answer>

export interface PageOptions {
  /** 30 s unless stated. */
  deadlineMs?: number | undefined
  /** Logged at `debug`. */
  isQuiet?: boolean
}

export interface DoorContext {
  log: Logger
  process: Pick<ProcessContext, 'finishSpan' | 'stopping'>
}

/** What all requests of one method and path share. */
interface RouteContext extends DoorContext {
  name: string
  path: string
  level: 'debug' | 'info'
  deadlineMs: number
  recorder: Recorder
}

/** What Hono gets: the answer itself goes to Node's response. */
const written = new Response(null)

/** `path` is as the contract says it: requests that differ by an id count as one route. */
export function handlerFor(
  method: string,
  path: string,
  page: Page,
  { deadlineMs = outsideDeadlineMs, isQuiet = false, ...context }: DoorContext & PageOptions,
): (c: GatewayContext) => Response {
  const level = isQuiet ? 'debug' : 'info'
  const recorder = requests.of({ method, route: path })
  const route: RouteContext = { ...context, name: `${method} ${path}`, path, level, deadlineMs, recorder }
  return (c) => {
    const exchange = new Exchange(route, c.env)
    if (hasHost(c.env.incoming))
      page(c, exchange).then(
        (answer) => exchange.answer(answer),
        (error) => exchange.fail(error),
      )
    else exchange.fail(standardError('invalid', 'The Host header is not valid.'))
    return written
  }
}

/** RFC 9112 §3.2: a request with a Host that is none is answered with 400. */
function hasHost({ headers: { host = '' } }: IncomingMessage): boolean {
  return /^[\w.:[\]-]*$/.test(host)
}

export class Exchange implements Awaited {
  readonly trace: TraceContext
  readonly deadlineAt: number
  readonly #startedAt = Date.now()
  readonly #started = performance.now()
  readonly #route: RouteContext
  readonly #incoming: IncomingMessage
  readonly #outgoing: ServerResponse
  #isAnswered = false

  constructor(route: RouteContext, { incoming, outgoing }: Bindings) {
    this.trace = continueTrace(parseTraceparent(incoming.headers.traceparent as string | undefined))
    this.deadlineAt = this.#startedAt + route.deadlineMs
    this.#route = route
    this.#incoming = incoming
    this.#outgoing = outgoing
    watchDeadline(this)
  }

  onDeadline(): void {
    this.fail(standardError('deadlineExceeded'))
  }

  /** Bugs are logged here, once; the client learns the trace id. */
  fail(error: unknown): void {
    const { log, name } = this.#route
    const { traceId } = this.trace
    if (!(error instanceof CallError)) log.error({ err: error, route: name, traceId }, 'request failed')
    const visible = error instanceof CallError ? error : standardError('internal')
    this.answer(problemAnswer(visible, traceId))
  }

  /** The first answer counts: what comes after the deadline comes too late. */
  answer(answer: Answer): void {
    if (this.#isAnswered) return
    this.#isAnswered = true
    const { process, name, path, recorder, log, level } = this.#route
    forgetDeadline(this)
    const correlationId = correlationIdOf(this.#incoming)
    answer.headers['x-correlation-id'] = correlationId ?? this.trace.traceId
    if (process.stopping.aborted) answer.headers.connection = 'close'
    const ms = performance.now() - this.#started
    // Nobody reads the answer when the connection is gone.
    const status = this.#outgoing.destroyed ? 499 : answer.status
    const bytes = write(answer, this.#incoming, this.#outgoing)
    recorder.record(status, ms)
    process.finishSpan(this.trace, { name, kind: 'server', startedAt: this.#startedAt, error: answer.error })
    const line = {
      method: this.#incoming.method,
      route: path,
      status,
      ms: Math.round(ms * 1000) / 1000,
      bytes,
      traceId: this.trace.traceId,
      correlationId,
      error: answer.error,
    }
    log[level](line, 'request')
  }
}

function correlationIdOf({ headers }: IncomingMessage): string | undefined {
  const id = headers['x-correlation-id']
  return typeof id === 'string' && /^[\w.:-]{1,128}$/.test(id) ? id : undefined
}

const requests = timings<'method' | 'route'>(
  'dakghar_http_request',
  { total: 'HTTP requests answered.', seconds: 'Time to answer an HTTP request.' },
  'status',
)
