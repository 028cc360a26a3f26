import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  continueTrace,
  formatTraceparent,
  parseTraceparent,
  SpanRecorder,
  type FinishedSpan,
} from './trace.ts'

const valid = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

test('work goes on in the trace of its caller', () => {
  const trace = continueTrace(parseTraceparent(valid))
  assert.equal(trace.traceId, '4bf92f3577b34da6a3ce929d0e0e4736')
  assert.equal(trace.parentSpanId, '00f067aa0ba902b7')
  assert.notEqual(trace.spanId, trace.parentSpanId)
  assert.equal(parseTraceparent(formatTraceparent(trace))?.spanId, trace.spanId)
})

test('a traceparent that the standard says to ignore starts a new trace', async (t) => {
  const ignored = {
    'version ff': valid.replace(/^00/, 'ff'),
    'zero trace id': `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    'zero span id': `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
    'upper case': valid.toUpperCase(),
    'more after version 00': `${valid}-extra`,
    short: valid.slice(1),
    empty: '',
  }
  for (const [name, text] of Object.entries(ignored))
    await t.test(name, () => assert.equal(parseTraceparent(text), undefined))
})

test('a later version may carry more', () => {
  assert.equal(parseTraceparent(`${valid.replace(/^00/, '01')}-extra`)?.isSampled, true)
})

test('what is read is what was written, and noise never throws', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseTraceparent(text)))
  for (let i = 0; i < 1000; i++) {
    const trace = continueTrace(undefined)
    assert.match(formatTraceparent(trace), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  }
})

test('a trace that asks for no recording is not recorded', () => {
  const recorder = new SpanRecorder()
  const spans: FinishedSpan[] = []
  recorder.onSpan((span) => spans.push(span))
  const span = { service: 'logs', name: 'logs.writeLog', kind: 'server', startedAt: Date.now() } as const
  recorder.finish(continueTrace(parseTraceparent(valid.replace(/01$/, '00'))), span)
  assert.equal(spans.length, 0)
  recorder.finish(continueTrace(parseTraceparent(valid)), span)
  assert.equal(spans[0]?.parentSpanId, '00f067aa0ba902b7')
})
