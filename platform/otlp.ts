/** Sends finished spans to an OpenTelemetry collector: OTLP/HTTP with JSON (opentelemetry-proto 1.x, trace service). */
import type { Logger } from './log.ts'
import type { FinishedSpan, SpanRecorder } from './trace.ts'

const batchSize = 512
const flushEveryMs = 2_000
/** Spans kept while the collector does not answer; older ones are dropped. */
const mostWaiting = 10_000

/** Opentelemetry-proto `Span.SpanKind`. */
const kinds: Record<FinishedSpan['kind'], number> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
}

/** `endpoint` is the collector's base address, e.g. `http://127.0.0.1:4318`. Losing spans never disturbs the work they tell of. */
export function exportSpans(recorder: SpanRecorder, endpoint: string, log: Logger): AsyncDisposable {
  const url = new URL('/v1/traces', endpoint)
  let waiting: FinishedSpan[] = []
  let isFailing = false
  const stopListening = recorder.onSpan((span) => {
    if (waiting.length < mostWaiting) waiting.push(span)
  })

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchSize)
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(encode(batch)),
          signal: AbortSignal.timeout(5_000),
        })
        await response.body?.cancel()
        if (!response.ok) throw new Error(`the collector answered ${response.status}`)
        isFailing = false
        waiting = waiting.slice(batch.length)
      } catch (error) {
        if (!isFailing) log.warn({ err: error }, 'spans can not be exported')
        isFailing = true
        return
      }
    }
  }

  let flushing = Promise.resolve()
  const timer = setInterval(() => (flushing = flushing.then(flush)), flushEveryMs)
  timer.unref()
  return {
    async [Symbol.asyncDispose]() {
      stopListening()
      clearInterval(timer)
      await flushing
      await flush()
    },
  }
}

function encode(spans: FinishedSpan[]): unknown {
  return {
    resourceSpans: [...Map.groupBy(spans, (span) => span.service)].map(([service, ofService]) => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
      scopeSpans: [{ scope: { name: 'dakghar' }, spans: ofService.map(encodeSpan) }],
    })),
  }
}

function encodeSpan(span: FinishedSpan) {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId && { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: kinds[span.kind],
    startTimeUnixNano: nanoseconds(span.startedAt),
    endTimeUnixNano: nanoseconds(span.startedAt + span.durationMs),
    status: span.error === undefined ? { code: 1 } : { code: 2, message: span.error },
  }
}

function nanoseconds(milliseconds: number): string {
  return `${Math.round(milliseconds * 1000)}000`
}
