import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { InputOf } from '#contracts/client.ts'
import { logs } from '#contracts/logs.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import logsService from './service.ts'

let host: TestHost
before(async () => {
  host = await testHost({ services: [logsService], roles: ['logs/api'] })
})
after(() => host[Symbol.asyncDispose]())

type NewSpan = InputOf<typeof logs.calls.writeSpans>['spans'][number]

const client = () => host.client(logs)
const now = Date.now()

/** `id` is one hex digit, of the trace and of the span. */
function span(
  trace: string,
  id: string,
  parent: string | undefined,
  startMs: number,
  rest: Partial<NewSpan> = {},
): NewSpan {
  return {
    traceId: trace.repeat(32),
    spanId: id.repeat(16),
    ...(parent && { parentSpanId: parent.repeat(16) }),
    service: 'shop',
    name: `shop.${id}`,
    kind: 'server',
    startedAt: new Date(now - 60_000 + startMs).toISOString(),
    durationMs: 5,
    ...rest,
  }
}

test('a trace is shown as a tree with its lines', async () => {
  const spans = [
    span('1', '3', '2', 20, { error: 'notFound', service: 'mail' }),
    span('1', '1', undefined, 0, { durationMs: 50, name: 'POST /api/orders', service: 'gateway' }),
    span('1', '2', '1', 10, { durationMs: 30 }),
  ]
  assert.deepEqual(await client().writeSpans({ spans }), { stored: 3, ignored: 0 })
  assert.deepEqual(await client().writeSpans({ spans }), { stored: 0, ignored: 3 })
  await client().writeLog({ name: 'order', data: 'second', traceId: '1'.repeat(32) })
  const time = new Date(now - 60_000).toISOString()
  await client().writeLog({ name: 'order', data: 'first', traceId: '1'.repeat(32), time })
  await client().writeLog({ name: 'order', data: 'of another trace', traceId: '2'.repeat(32) })

  const trace = await client().showTrace({ traceId: '1'.repeat(32) })
  assert.deepEqual([trace.durationMs, trace.hasError, trace.isTruncated], [50, true, false])
  assert.deepEqual(
    trace.lines.map(({ data }) => data),
    ['first', 'second'],
  )
  const [root] = trace.roots
  assert.equal(trace.roots.length, 1)
  assert.deepEqual([root?.name, root?.service, root?.startedAt], ['POST /api/orders', 'gateway', time])
  assert.equal(root?.children[0]?.children[0]?.error, 'notFound')
})

test('a trace without spans shows its lines, one without anything is not found', async () => {
  const trace = await client().showTrace({ traceId: '2'.repeat(32) })
  assert.deepEqual([trace.roots, trace.startedAt, trace.lines.length], [[], null, 1])
  await assert.rejects(client().showTrace({ traceId: 'f'.repeat(32) }), { code: 'notFound' })
})

test('traces are listed by their roots, newest first, with filters and pages', async () => {
  await client().writeSpans({
    spans: [
      span('a', '1', undefined, 1000, { durationMs: 10 }),
      // The caller is not one of ours, so its span is not here.
      span('b', '1', '9', 2000, { durationMs: 200 }),
      span('b', '2', '1', 2010, { error: 'internal' }),
      span('c', '1', undefined, 3000, { service: 'chat', durationMs: 300 }),
    ],
  })
  const list = async (filter: InputOf<typeof logs.calls.listTraces>) =>
    (await client().listTraces(filter)).items.map(({ traceId }) => traceId[0]).join('')
  assert.equal(await list({}), 'cba1')
  assert.equal(await list({ service: 'shop' }), 'ba')
  assert.equal(await list({ hasError: true }), 'b1')
  assert.equal(await list({ hasError: false }), 'ca')
  assert.equal(await list({ minDurationMs: 200 }), 'cb')
  const [from, to] = [1500, 2500].map((ms) => new Date(now - 60_000 + ms).toISOString())
  assert.equal(await list({ from, to }), 'b')
  const { items, nextCursor } = await client().listTraces({ limit: 2 })
  const rest = await client().listTraces({ limit: 2, cursor: nextCursor ?? '' })
  assert.deepEqual(
    [...items, ...rest.items].map(({ spanCount }) => spanCount),
    [1, 2, 1, 3],
  )
  assert.equal(rest.nextCursor, null)
})

test('spans of wrong clocks are ignored, text that can not be kept is replaced', async () => {
  const dayMs = 86_400_000
  const answer = await client().writeSpans({
    spans: [
      span('d', '1', undefined, 5 * dayMs),
      span('d', '2', undefined, -200 * dayMs),
      span('d', '3', undefined, 0, { name: 'a\0b', error: '\uD800' }),
    ],
  })
  assert.deepEqual(answer, { stored: 1, ignored: 2 })
  const { roots } = await client().showTrace({ traceId: 'd'.repeat(32) })
  assert.deepEqual([roots[0]?.name, roots[0]?.error], ['a\uFFFDb', '\uFFFD'])
})
