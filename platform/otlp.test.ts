import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { silentLogger } from './log.ts'
import { exportSpans } from './otlp.ts'
import { continueTrace, parseTraceparent, SpanRecorder } from './trace.ts'

interface Export {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue: string } }[] }
    scopeSpans: { spans: Record<string, unknown>[] }[]
  }[]
}

/** A collector that refuses the first `refusals` requests. */
async function collector(refusals: number) {
  const received: Export[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      assert.equal(request.url, '/v1/traces')
      if (refusals-- > 0) return response.writeHead(503).end()
      received.push(JSON.parse(body) as Export)
      return response.writeHead(200).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    received,
    endpoint: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('spans reach the collector grouped by service, also those it refused at first', async () => {
  await using receiver = await collector(1)
  const recorder = new SpanRecorder()
  const exporter = exportSpans(recorder, receiver.endpoint, silentLogger)
  const parent = parseTraceparent('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')
  const startedAt = 1_700_000_000_123
  recorder.finish(continueTrace(parent), {
    service: 'logs',
    name: 'logs.writeLog',
    kind: 'server',
    startedAt,
  })
  recorder.finish(continueTrace(parent), {
    service: 'shop',
    name: 'x',
    kind: 'consumer',
    startedAt,
    error: 'conflict',
  })
  await new Promise((resolve) => setTimeout(resolve, 2_300))
  await exporter[Symbol.asyncDispose]()

  const services = receiver.received.flatMap(({ resourceSpans }) => resourceSpans)
  assert.deepEqual(
    services.map(({ resource }) => resource.attributes[0]?.value.stringValue),
    ['logs', 'shop'],
  )
  const [first, second] = services.map(({ scopeSpans }) => scopeSpans[0]?.spans[0])
  assert.equal(first?.traceId, '4bf92f3577b34da6a3ce929d0e0e4736')
  assert.equal(first.parentSpanId, '00f067aa0ba902b7')
  assert.equal(first.kind, 2)
  assert.equal(first.startTimeUnixNano, '1700000000123000000')
  assert.deepEqual(second?.status, { code: 2, message: 'conflict' })
})

test('a collector that is away delays nothing', async () => {
  const recorder = new SpanRecorder()
  const exporter = exportSpans(recorder, 'http://127.0.0.1:1', silentLogger)
  recorder.finish(continueTrace(undefined), {
    service: 'a',
    name: 'b',
    kind: 'internal',
    startedAt: Date.now(),
  })
  const startedAt = Date.now()
  await exporter[Symbol.asyncDispose]()
  assert.ok(Date.now() - startedAt < 2_000)
})
