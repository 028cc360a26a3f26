import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildTrees, traceOf, type Node, type Span } from './trace-tree.ts'

const epoch = Date.parse('2026-01-01T00:00:00.000Z')

function span(
  spanId: string,
  parentSpanId: string | null,
  start = 0,
  durationMs = 10,
  error: string | null = null,
): Span {
  const startedAt = new Date(epoch + start).toISOString()
  return { spanId, parentSpanId, service: 's', name: spanId, kind: 'server', startedAt, durationMs, error }
}

/** `a(b c(d))`, with `+5` behind what was moved. */
function drawn(nodes: Node[]): string {
  return nodes
    .map(({ spanId, clockSkewMs, children }) =>
      [spanId, clockSkewMs ? `+${clockSkewMs}` : '', children.length > 0 ? `(${drawn(children)})` : ''].join(
        '',
      ),
    )
    .join(' ')
}

test('spans become trees', () => {
  const cases: [string, Span[], string][] = [
    ['nothing', [], ''],
    [
      'a tree in any order',
      [span('d', 'c', 3), span('b', 'a', 1), span('a', null), span('c', 'a', 2)],
      'a(b c(d))',
    ],
    ['a missing parent makes a root', [span('b', 'lost', 1), span('c', 'b', 2), span('a', null)], 'a b(c)'],
    ['siblings by start', [span('a', null), span('c', 'a', 5), span('b', 'a', 6)], 'a(c b)'],
    ['own parent', [span('a', 'a')], 'a'],
    ['a ring', [span('b', 'c', 1), span('c', 'b', 2), span('d', 'c', 3)], 'b(c(d))'],
    ['a ring beside a tree', [span('a', null), span('c', 'b', 1), span('b', 'c', 2)], 'a c(b)'],
    ['the same id twice', [span('a', null), span('b', 'a', 1), span('b', 'a', 2)], 'a(b)'],
    ['a child before its parent', [span('a', null, 100), span('b', 'a', 60)], 'a(b+40)'],
    [
      'what is below moves along',
      [span('a', null, 100), span('b', 'a', 60), span('c', 'b', 65)],
      'a(b+40(c+40))',
    ],
    ['two clocks', [span('a', null, 100), span('b', 'a', 60), span('c', 'b', 10)], 'a(b+40(c+90))'],
    ['a child may outlast its parent', [span('a', null, 0, 5), span('b', 'a', 50, 50)], 'a(b)'],
  ]
  for (const [what, spans, expected] of cases) assert.equal(drawn(buildTrees(spans)), expected, what)
})

test('a trace lasts as long as its roots and failed when any span did', () => {
  const trace = traceOf([
    span('a', null, 10, 20),
    span('b', 'lost', 25, 100),
    span('c', 'a', 12, 5, 'notFound'),
  ])
  assert.equal(trace.startedAt, new Date(epoch + 10).toISOString())
  assert.equal(trace.durationMs, 115)
  assert.equal(trace.hasError, true)
  assert.deepEqual(traceOf([]), { roots: [], startedAt: null, durationMs: 0, hasError: false })
})

test('whatever spans claim, each is shown once and none before its cause', () => {
  const ids = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g')
  const spans = fc.array(fc.tuple(ids, fc.option(ids), fc.integer({ min: 0, max: 50 })))
  fc.assert(
    fc.property(spans, (given) => {
      const seen: string[] = []
      const visit = (nodes: Node[], notBefore: string) => {
        for (const node of nodes) {
          seen.push(node.spanId)
          assert.ok(node.startedAt >= notBefore)
          visit(node.children, node.startedAt)
        }
      }
      visit(buildTrees(given.map(([id, parent, start]) => span(id, parent, start))), '')
      assert.deepEqual(seen.toSorted(), [...new Set(given.map(([id]) => id))].toSorted())
    }),
    { seed: 1, numRuns: 2000 },
  )
})

test('a chain as long as a trace is shown 24 levels deep', () => {
  const chain = Array.from({ length: 5000 }, (_, i) => span(String(i), i === 0 ? null : String(i - 1), i))
  let node = buildTrees(chain)[0]
  let levels = 1
  let count = 1
  for (; node?.children[0]; node = node.children[0]) {
    levels++
    count += node.children.length
  }
  assert.deepEqual([levels, count], [24, 5000])
})
