/** Log lines, audit entries and traces of the whole system. */
import { z } from 'zod'
import { command, contract, event, page, pageInput, query, stream } from './contract.ts'

const ReportedLevel = z.enum(['INFO', 'WARNING', 'ERROR'])
export const LogLevel = z.enum(['DEBUG', ...ReportedLevel.options])

/** W3C Trace Context §3.2.2: 16 and 8 bytes in lower-case hex. */
const TraceId = z.string().regex(/^[0-9a-f]{32}$/)
const SpanId = z.string().regex(/^[0-9a-f]{16}$/)

const Time = z.iso.datetime({ offset: true })
const Name = z.string().min(1).max(200)

/** JSON of at most 64 KiB and 32 levels. */
const Fields = z
  .record(z.string(), z.unknown())
  .refine(isSmallJson, 'more than 64 KiB or 32 levels of JSON, or no JSON')

export const NewLine = z.object({
  name: Name,
  data: z.string().max(65_536),
  level: LogLevel.default('INFO'),
  service: Name.optional(),
  traceId: TraceId.optional(),
  /** When it happened; the time of arrival unless stated. */
  time: Time.optional(),
  /** A line with the id and time of a stored one is not stored again. */
  id: z.uuid().optional(),
  /** Further facts, kept as they are. */
  fields: Fields.optional(),
})

/** Without a level the routing key tells it: other publishers may send no more than name and data. */
export const ReportedLine = NewLine.extend({ level: ReportedLevel.optional() })

export const LogLine = z.object({
  id: z.uuid(),
  time: z.iso.datetime(),
  level: LogLevel,
  service: z.string().nullable(),
  name: z.string(),
  data: z.string(),
  fields: z.record(z.string(), z.unknown()).nullable(),
  traceId: z.string().nullable(),
  /** What the writer said, where that was more than a day ahead; `time` is then that of arrival. */
  reportedTime: z.iso.datetime().nullable(),
})

export const LineFilter = z.object({
  service: Name.optional(),
  level: z.array(LogLevel).optional(),
  name: Name.optional(),
  /** Words, or beginnings of words, that `data` has all of. */
  text: z.string().max(200).optional(),
  from: Time.optional(),
  /** Exclusive. */
  to: Time.optional(),
  traceId: TraceId.optional(),
})

export const NewSpan = z.object({
  traceId: TraceId,
  spanId: SpanId,
  parentSpanId: SpanId.optional(),
  service: Name,
  name: Name,
  kind: z.enum(['server', 'client', 'consumer', 'producer', 'internal']),
  startedAt: Time,
  durationMs: z.number().min(0),
  /** Error code; left out when it went well. */
  error: z.string().max(200).optional(),
})

export const TraceNode = z.object({
  spanId: z.string(),
  service: z.string(),
  name: z.string(),
  kind: NewSpan.shape.kind,
  /** Moved by `clockSkewMs`. */
  startedAt: z.iso.datetime(),
  durationMs: z.number(),
  error: z.string().nullable(),
  /** How much later than its own clock said the work must have started to come after its cause. */
  clockSkewMs: z.number(),
  get children() {
    return z.array(TraceNode)
  },
})

export const Trace = z.object({
  traceId: z.string(),
  startedAt: z.iso.datetime().nullable(),
  durationMs: z.number(),
  hasError: z.boolean(),
  /** Work whose cause is not known, by time; usually one. */
  roots: z.array(TraceNode),
  /** Oldest first. */
  lines: z.array(LogLine),
  /** There are more than the 5000 spans or 1000 lines shown. */
  isTruncated: z.boolean(),
})

export const TraceSummary = z.object({
  traceId: z.string(),
  /** Those of its root. */
  service: z.string(),
  name: z.string(),
  startedAt: z.iso.datetime(),
  durationMs: z.number(),
  /** Whether any of its spans failed. */
  hasError: z.boolean(),
  spanCount: z.int(),
})

export const NewAuditEntry = z.object({
  /** Who did it: an account id or a service's name. */
  actor: Name,
  /** What was done: `identity.changeRole`. */
  action: Name,
  /** To whom or what. */
  subject: z.string().max(500),
  details: Fields.default({}),
})

export const AuditEntry = z.object({
  /** 1, 2, 3, … without gaps. */
  sequence: z.int(),
  time: z.iso.datetime(),
  /** The service that reported it. */
  service: z.string(),
  ...NewAuditEntry.shape,
  details: z.record(z.string(), z.unknown()),
  /** SHA-256 over the hash of the entry before and this entry, hex. */
  hash: z.string(),
})

export const AuditVerification = z.object({
  isIntact: z.boolean(),
  /** Entries found sound, from the first on. */
  entryCount: z.int(),
  /** Hash of the last sound entry; write it down elsewhere to prove later that nothing before it changed. */
  headHash: z.string(),
  /** The first entry that is missing or not what was written. */
  brokenSequence: z.int().nullable(),
})

const Stored = z.object({
  stored: z.int(),
  /** Already there, or older than what is kept. */
  ignored: z.int(),
})

export const logs = contract('logs', {
  summary: 'Keeps log lines, audit entries and traces, and finds them again.',
  calls: {
    writeLog: command(
      {
        summary: 'Stores one line.',
        http: 'POST /log 202',
        rpcAlias: 'RPCServer.LogInfo',
        access: 'service',
        input: NewLine,
        output: z.object({ id: z.uuid() }),
      },
      'tooOld 422',
    ),
    reportLog: command({
      summary: 'Puts one line on the bus; the listener stores it.',
      http: 'POST /log/events 202',
      access: 'service',
      input: ReportedLine,
      output: z.object({ id: z.uuid() }),
    }),
    writeLines: command({
      summary: 'Stores lines; sending the same lines again changes nothing.',
      http: 'POST /log/lines 202',
      access: 'service',
      input: z.object({ lines: z.array(NewLine).max(1000) }),
      output: Stored,
    }),
    listLogs: query({
      summary: 'Lines, newest first.',
      http: 'GET /api/logs',
      access: 'admin',
      input: LineFilter.extend(pageInput),
      output: page(LogLine),
    }),
    showLog: query({
      http: 'GET /api/logs/{id}',
      access: 'admin',
      input: z.object({ id: z.uuid() }),
      output: LogLine,
    }),
    writeSpans: command({
      summary: 'Stores finished spans; sending the same spans again changes nothing.',
      http: 'POST /log/spans 202',
      access: 'service',
      input: z.object({ spans: z.array(NewSpan).max(1000) }),
      output: Stored,
    }),
    listTraces: query({
      summary: 'Traces, newest first.',
      http: 'GET /api/traces',
      access: 'admin',
      input: z.object({
        ...pageInput,
        service: Name.optional(),
        hasError: z.boolean().optional(),
        minDurationMs: z.number().min(0).optional(),
        from: Time.optional(),
        /** Exclusive. */
        to: Time.optional(),
      }),
      output: page(TraceSummary),
    }),
    showTrace: query({
      summary: 'What a trace did, as a tree, with its log lines.',
      http: 'GET /api/traces/{traceId}',
      access: 'admin',
      input: z.object({ traceId: TraceId }),
      output: Trace,
    }),
    appendAudit: command({
      summary: 'Adds an entry that can never be changed.',
      http: 'POST /api/audit 201',
      access: 'service',
      input: NewAuditEntry,
      output: AuditEntry,
    }),
    listAudit: query({
      summary: 'Audit entries, newest first.',
      http: 'GET /api/audit',
      access: 'admin',
      input: z.object({
        ...pageInput,
        actor: Name.optional(),
        action: Name.optional(),
        subject: z.string().max(500).optional(),
        from: Time.optional(),
        /** Exclusive. */
        to: Time.optional(),
      }),
      output: page(AuditEntry),
    }),
    verifyAudit: query({
      summary: 'Walks the chain of hashes.',
      http: 'GET /api/audit/verification',
      access: 'admin',
      deadlineMs: 120_000,
      input: z.object({}),
      output: AuditVerification,
    }),
  },
  streams: {
    tail: stream({
      summary: 'Lines as they are stored, late ones too.',
      http: 'GET /api/logs/tail',
      sequence: ({ position }) => position,
      isShared: true,
      access: 'admin',
      /** `after`: the position of the last line seen; from now on unless stated. */
      input: LineFilter.extend({ after: z.string().max(100).optional() }),
      output: LogLine.extend({ position: z.string() }),
    }),
  },
  events: {
    lineReported: event(ReportedLine, {
      exchange: 'logs_topic',
      routingKey: (line) => `log.${line.level ?? 'INFO'}`,
      keyPattern: 'log.*',
    }),
  },
})

function isSmallJson(value: unknown): boolean {
  try {
    return isShallow(value, 32) && JSON.stringify(value).length <= 65_536
  } catch {
    return false // A bigint.
  }
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((part) => isShallow(part, levels - 1))
}
