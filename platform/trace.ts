/** Traces: W3C Trace Context identifiers (https://www.w3.org/TR/trace-context/ §3.2) and finished spans. */
import { randomFillSync } from 'node:crypto'

/** Where a piece of work stands in its trace. */
export interface TraceContext {
  /** 32 hex digits. */
  traceId: string
  /** 16 hex digits: the work itself. */
  spanId: string
  /** 16 hex digits of the work that caused it, if known. */
  parentSpanId: string | undefined
  /** False when the origin of the trace asked for no recording (trace-flags bit 0). */
  isSampled: boolean
}

/** A finished piece of work. */
export interface FinishedSpan {
  traceId: string
  spanId: string
  parentSpanId: string | undefined
  /** Process-wide service name. */
  service: string
  /** What was done: `logs.writeLog`, `POST /log`, `logs.storeLines`. */
  name: string
  kind: 'server' | 'client' | 'consumer' | 'producer' | 'internal'
  startedAt: number
  durationMs: number
  /** Error code, undefined when it went well. */
  error: string | undefined
}

/** What a piece of work tells those that it causes. */
export type TraceParent = Pick<TraceContext, 'traceId' | 'spanId' | 'isSampled'>

/** The next piece of work of the caller's trace, or of a new one. */
export function continueTrace(parent: TraceParent | undefined): TraceContext {
  if (parent) {
    const { traceId, spanId: parentSpanId, isSampled } = parent
    return { traceId, spanId: randomHex(8), parentSpanId, isSampled }
  }
  const ids = randomHex(24)
  return { traceId: ids.slice(0, 32), spanId: ids.slice(32), parentSpanId: undefined, isSampled: true }
}

export function formatTraceparent(trace: TraceParent): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.isSampled ? '01' : '00'}`
}

/** Undefined for none, and for anything the standard says to ignore: wrong lengths, version ff, all-zero ids. */
export function parseTraceparent(text: string | undefined): TraceParent | undefined {
  if (text === undefined) return undefined
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(text)
  if (!match) return undefined
  const [, version, traceId = '', spanId = '', flags = '', rest] = match
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** Takes finished spans; the host gives it exporters. */
export class SpanRecorder {
  readonly #listeners = new Set<(span: FinishedSpan) => void>()

  /** Gives the way to stop being told. */
  onSpan(listener: (span: FinishedSpan) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** `startedAt` in milliseconds since the epoch. */
  finish(
    trace: TraceContext,
    span: Pick<FinishedSpan, 'service' | 'name' | 'kind' | 'startedAt'> & { error?: string | undefined },
  ): void {
    if (!trace.isSampled || this.#listeners.size === 0) return
    const finished: FinishedSpan = {
      traceId: trace.traceId,
      spanId: trace.spanId,
      parentSpanId: trace.parentSpanId,
      service: span.service,
      name: span.name,
      kind: span.kind,
      startedAt: span.startedAt,
      durationMs: Date.now() - span.startedAt,
      error: span.error,
    }
    for (const listener of this.#listeners) listener(finished)
  }
}

const pool = Buffer.alloc(64 * 1024)
let used = pool.length

/** Random bytes as hex, drawn from a pool: one system call serves thousands of spans. */
function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += bytes
  return pool.toString('hex', used - bytes, used)
}
