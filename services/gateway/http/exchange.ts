/** One request and its answer: traced, measured, logged, and never without an answer. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Context } from 'hono'
import { CallError, standardError } from '#contracts/errors.ts'
import { forgetDeadline, watchDeadline, type Awaited } from '#platform/deadlines.ts'
import { outsideDeadlineMs } from '#platform/host/deadline.ts'
import type { Logger } from '#platform/log.ts'
import type { ProcessContext } from '#platform/service.ts'
import { timings, type Recorder } from '#platform/timings.ts'
import { continueTrace, parseTraceparent, type TraceContext } from '#platform/trace.ts'
import type { Verdict } from '#platform/limits/limits.ts'
import type { ClientAddress } from '#services/gateway/protection/address.ts'
import { tellLimit } from '#services/gateway/protection/call-limits.ts'
import type { Guarded, Protection } from '#services/gateway/protection/protection.ts'
import type { Answer } from './answer.ts'
import { problemAnswer } from './problem.ts'
import { write, writeStream } from './write.ts'

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
  /** Logged at `debug`, in no trace, and answered however busy the gateway is. */
  isQuiet?: boolean
}

export interface DoorContext {
  log: Logger
  process: Pick<ProcessContext, 'finishSpan' | 'stopping'>
  protection: Protection
}

/** What all requests of one method and path share. */
interface RouteContext extends DoorContext {
  name: string
  path: string
  isQuiet: boolean
  deadlineMs: number
  recorder: Recorder
}

/** What Hono gets: the answer itself goes to Node's response. */
export const written = new Response(null)

/** `path` is as the contract says it: requests that differ by an id count as one route. */
export function handlerFor(
  method: string,
  path: string,
  page: Page,
  options: DoorContext & PageOptions,
): (c: GatewayContext) => Response {
  const open = exchangesOf(method, path, options)
  return (c) => {
    const exchange = open(c.env)
    if (exchange)
      page(c, exchange).then(
        (answer) => exchange.answer(answer),
        (error) => exchange.fail(error),
      )
    return written
  }
}

/** Opens the exchanges of one method and path; undefined for a request that protection has refused. */
export function exchangesOf(
  method: string,
  path: string,
  { deadlineMs = outsideDeadlineMs, isQuiet = false, ...context }: DoorContext & PageOptions,
): (bindings: Bindings) => Exchange | undefined {
  const recorder = requests.of({ method, route: path })
  const route: RouteContext = { ...context, name: `${method} ${path}`, path, isQuiet, deadlineMs, recorder }
  return (bindings) => {
    const exchange = new Exchange(route, bindings)
    const refusal = context.protection.begin(exchange, route)
    if (!refusal) return exchange
    exchange.fail(refusal)
    return undefined
  }
}

interface Outcome {
  status: number
  /** Of the content. */
  bytes: number
  error: string | undefined
}

export class Exchange implements Awaited, Guarded {
  readonly trace: TraceContext
  readonly client: ClientAddress
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  verdict: Verdict | undefined
  readonly deadlineAt: number
  readonly #startedAt = Date.now()
  readonly #started = performance.now()
  readonly #route: RouteContext
  #isAnswered = false
  /** To the answer, not to the end of its content. */
  #ms = 0

  constructor(route: RouteContext, { incoming, outgoing }: Bindings) {
    this.trace = continueTrace(parseTraceparent(incoming.headers.traceparent as string | undefined))
    this.deadlineAt = this.#startedAt + route.deadlineMs
    this.client = route.protection.clientOf(incoming)
    this.#route = route
    this.incoming = incoming
    this.outgoing = outgoing
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
    const { body } = answer
    if (!this.begin(answer.headers)) return void (body instanceof Readable && body.destroy())
    // Nobody reads the answer when the connection is gone.
    const status = this.outgoing.destroyed ? 499 : answer.status
    if (!(body instanceof Readable)) {
      const bytes = write(answer, body, this.incoming, this.outgoing)
      return this.finish({ status, bytes, error: answer.error })
    }
    writeStream(answer, body, this.incoming, this.outgoing, (bytes, error) => {
      if (error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE')
        this.#route.log.error({ err: error, traceId: this.trace.traceId }, 'answer broke off')
      this.finish({ status, bytes, error: error ? 'cancelled' : undefined })
    })
  }

  /** Adds what every answer has to its headers. False when it has been answered already, as at its deadline. */
  begin(headers: Record<string, string>): boolean {
    if (this.#isAnswered) return false
    this.#isAnswered = true
    this.#ms = performance.now() - this.#started
    const { process, protection } = this.#route
    forgetDeadline(this)
    protection.end(this)
    if (this.verdict) tellLimit(this.verdict, headers)
    protection.cors?.mark(this.incoming.headers, headers)
    headers['x-correlation-id'] = this.correlationId
    if (process.stopping.aborted) headers.connection = 'close'
    return true
  }

  /** One line, one span and one count for each request. */
  finish({ status, bytes, error }: Outcome): void {
    const { process, name, path, recorder, log, isQuiet } = this.#route
    recorder.record(status, this.#ms)
    if (!isQuiet) process.finishSpan(this.trace, { name, kind: 'server', startedAt: this.#startedAt, error })
    const level = isQuiet ? 'debug' : 'info'
    if (!log.isLevelEnabled(level)) return
    const line = {
      method: this.incoming.method,
      route: path,
      status,
      ms: Math.round(this.#ms * 1000) / 1000,
      bytes,
      client: this.client.text,
      traceId: this.trace.traceId,
      correlationId: correlationIdOf(this.incoming),
      error,
    }
    log[level](line, 'request')
  }

  /** What the client calls the request, else its trace. */
  get correlationId(): string {
    return correlationIdOf(this.incoming) ?? this.trace.traceId
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
