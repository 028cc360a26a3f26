/** What the logs service takes, made from the lines and spans of this process. */
import { v7 } from 'uuid'
import type { z } from 'zod'
import { NewLine, type NewSpan } from '#contracts/logs.ts'
import type { FinishedSpan } from '#platform/trace.ts'

export type ShippedLine = z.input<typeof NewLine>
export type ShippedSpan = z.input<typeof NewSpan>

const levels: Record<string, ShippedLine['level']> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'ERROR',
}

/** The calls that ship. Lines and spans about them would be shipped by the next, and so on. */
const shippingCalls = new Set(['writeLines', 'writeSpans', 'logs.writeLines', 'logs.writeSpans'])

/** A line as pino writes it, with level labels and ISO times. The message of an error stands in `data` too. Undefined: not to be shipped. */
export function shippedLine(record: Record<string, unknown>): ShippedLine | undefined {
  const { level, time, service, name, msg, traceId, ...fields } = record
  if (shippingCalls.has(String(fields.call))) return undefined
  const error = (fields.err as { message?: unknown } | undefined)?.message
  const said = [msg, error].filter((part) => typeof part === 'string' && part !== '')
  return {
    id: v7(),
    time: (Number.isNaN(Date.parse(String(time))) ? new Date() : new Date(String(time))).toISOString(),
    level: levels[String(level)] ?? 'INFO',
    name: nameOf(name, 'log'),
    data: [...new Set(said)].join(': ').slice(0, 65_536),
    service: nameOf(service, 'unknown'),
    ...(isTraceId(traceId) && { traceId }),
    ...(Object.keys(fields).length > 0 && { fields: smallFields(fields) }),
  }
}

export function shippedSpan(span: FinishedSpan): ShippedSpan | undefined {
  if (shippingCalls.has(span.name)) return undefined
  const { parentSpanId, error, startedAt, durationMs, ...rest } = span
  return {
    ...rest,
    service: nameOf(span.service, 'unknown'),
    name: nameOf(span.name, 'span'),
    ...(parentSpanId !== undefined && { parentSpanId }),
    startedAt: new Date(startedAt).toISOString(),
    // Clocks may be set back.
    durationMs: Math.max(0, durationMs),
    ...(error !== undefined && { error: error.slice(0, 200) }),
  }
}

function nameOf(given: unknown, otherwise: string): string {
  return typeof given === 'string' && given !== '' ? given.slice(0, 200) : otherwise
}

function isTraceId(given: unknown): given is string {
  return typeof given === 'string' && /^[0-9a-f]{32}$/.test(given)
}

/** Facts beyond what a line may hold are kept as the beginning of their text. */
function smallFields(fields: Record<string, unknown>): Record<string, unknown> {
  if (NewLine.shape.fields.safeParse(fields).success) return fields
  return { cut: JSON.stringify(fields).slice(0, 10_000) }
}
