/** Rules for lines on their way in: whose time it is, and which are kept. */
import { v7 } from 'uuid'
import type { z } from 'zod'
import type { LogLevel, ReportedLine } from '#contracts/logs.ts'
import type { Delivery } from '#platform/bus/bus.ts'
import { parseTraceparent } from '#platform/trace.ts'
import { dayMs, dayOf } from './store/partitions.ts'

/** A line as it is stored. */
export interface LineRow {
  id: string
  time: Date
  level: z.infer<typeof LogLevel>
  service: string | null
  name: string
  data: string
  fields: Record<string, unknown> | null
  traceId: string | null
  /** What the writer said, where `time` is not that. */
  reportedTime: Date | null
}

type GivenLine = Omit<z.output<typeof ReportedLine>, 'level'> & { level?: LineRow['level'] | undefined }

/** What a line gets that does not say so itself. */
interface LineDefaults {
  id?: string
  time?: Date
  level?: LineRow['level']
  service?: string | null
  traceId?: string | null
}

/** Gives the line an id and a time. A time more than a day ahead comes of a wrong clock; the line then gets that of its arrival. */
export function completeLine(line: GivenLine, defaults: LineDefaults = {}): LineRow {
  const now = new Date()
  const reported = line.time === undefined ? (defaults.time ?? now) : new Date(line.time)
  const isAhead = reported.getTime() > now.getTime() + dayMs
  const time = isAhead ? now : reported
  return {
    // Ids of one millisecond count up, so that lines of a batch keep their order.
    id: line.id ?? defaults.id ?? v7(),
    time,
    level: line.level ?? defaults.level ?? 'INFO',
    service: line.service ?? defaults.service ?? null,
    name: line.name,
    data: line.data,
    fields: line.fields ?? null,
    traceId: line.traceId ?? defaults.traceId ?? null,
    reportedTime: isAhead ? reported : null,
  }
}

/** A line that came over the bus: the delivery tells what the line leaves out. */
export function reportedLine({
  id,
  payload,
  routingKey,
  publishedAt,
  traceparent,
}: Delivery<z.output<typeof ReportedLine>>): LineRow {
  const key = routingKey.slice(routingKey.indexOf('.') + 1)
  return completeLine(payload, {
    id,
    time: publishedAt,
    level: key === 'ERROR' || key === 'WARNING' ? key : 'INFO',
    traceId: parseTraceparent(traceparent)?.traceId ?? null,
  })
}

/** The oldest day (UTC) that is kept; what is older is refused, and dropped where it is stored. */
export function oldestDay(retentionDays: number): string {
  return dayOf(Date.now() - retentionDays * dayMs)
}

export function isKept(time: Date, retentionDays: number): boolean {
  return dayOf(time) >= oldestDay(retentionDays)
}
