import type { z } from 'zod'
import type { TraceNode } from '#contracts/logs.ts'

export type Node = z.output<typeof TraceNode>

/** A span as the tree needs it. */
export interface Span extends Omit<Node, 'clockSkewMs' | 'children'> {
  parentSpanId: string | null
}

/** What is sent may be nested 65 deep; a level is an object and its list of children. */
const maxLevels = 24

/**
 * The spans of one trace as trees, siblings by start. A span whose parent is not among them is a root; so is the
 * earliest of a ring of spans that claim to be each other's parents. Of two with the same id the earlier is taken.
 * Work can't start before its cause: where clocks say so, it and all below it are moved to the start of the cause.
 * What is deeper than 24 levels is shown as children of the 23rd.
 */
export function buildTrees(spans: readonly Span[]): Node[] {
  const byId = new Map<string, Span>()
  const byStart = spans.toSorted((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt))
  for (const span of byStart) if (!byId.has(span.spanId)) byId.set(span.spanId, span)
  const childrenOf = Map.groupBy(byId.values(), ({ parentSpanId }) => parentSpanId)

  const reached = new Set<string>()
  /** A loop rather than recursion: a chain of spans may be as long as a trace. */
  function grow(span: Span): Node {
    const root = nodeOf(span, 0)
    reached.add(span.spanId)
    const growing = [{ node: root, holder: root, level: 1 }]
    for (const { node: parent, holder, level } of growing)
      for (const span of childrenOf.get(parent.spanId) ?? []) {
        if (reached.has(span.spanId)) continue
        reached.add(span.spanId)
        const own = Date.parse(span.startedAt) + parent.clockSkewMs
        const node = nodeOf(span, parent.clockSkewMs + Math.max(0, Date.parse(parent.startedAt) - own))
        holder.children.push(node)
        growing.push({ node, holder: level + 1 < maxLevels ? node : holder, level: level + 1 })
      }
    return root
  }

  const orphans = [...byId.values()].filter(
    (span) => span.parentSpanId === null || !byId.has(span.parentSpanId),
  )
  const roots = orphans.map(grow)
  for (const span of byId.values()) if (!reached.has(span.spanId)) roots.push(grow(span))
  return roots
}

/** Trees and what they come to; the times are those of the roots. */
export function traceOf(spans: readonly Span[]) {
  const roots = buildTrees(spans)
  const start = Math.min(...roots.map((root) => Date.parse(root.startedAt)))
  const end = Math.max(...roots.map((root) => Date.parse(root.startedAt) + root.durationMs))
  return {
    roots,
    startedAt: roots.length === 0 ? null : new Date(start).toISOString(),
    durationMs: roots.length === 0 ? 0 : end - start,
    hasError: spans.some(({ error }) => error !== null),
  }
}

function nodeOf(span: Span, clockSkewMs: number): Node {
  const { parentSpanId: _, ...own } = span
  const startedAt = new Date(Date.parse(span.startedAt) + clockSkewMs).toISOString()
  return { ...own, startedAt, clockSkewMs, children: [] }
}
