import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { ReportFault } from './unpack.ts'
import type { ReportFile } from './write-aggregate.ts'

/** SMTP TLS reports: RFC 8460 §4. */
export interface TlsReport {
  organisation: string
  contact: string
  reportId: string
  begin: Date
  end: Date
  policies: TlsPolicyReport[]
}

export interface TlsPolicyReport {
  /** `sts`, `tlsa` or `no-policy-found`. */
  type: string
  domain: string
  /** The policy's lines, as found. */
  policy: string[]
  mxHosts: string[]
  successes: number
  failures: number
  details: TlsFailure[]
}

export interface TlsFailure {
  /** As `certificate-expired`: RFC 8460 §4.3. */
  result: string
  sendingAddress: string
  receivingHost: string
  receivingAddress: string
  count: number
  reason: string
}

/** Parsing takes 10 ms a megabyte, in one piece. */
const maxBytes = 4 * 1024 * 1024
const maxPolicies = 1000
const maxDetails = 1000

const pack = promisify(gzip)

export function readTlsReport(json: Buffer): TlsReport | ReportFault {
  if (json.length > maxBytes) return 'tooLarge'
  let parsed: unknown
  try {
    parsed = JSON.parse(json.toString('utf8').replace(/^\uFEFF/, ''))
  } catch {
    return 'damaged'
  }
  const report = fields(parsed)
  const range = fields(report['date-range'])
  const read = {
    organisation: text(report['organization-name']),
    contact: text(report['contact-info']),
    reportId: text(report['report-id']),
    begin: new Date(text(range['start-datetime'])),
    end: new Date(text(range['end-datetime'])),
    policies: list(report.policies, maxPolicies).map(readPolicy),
  }
  const isReport =
    Array.isArray(report.policies) && Number.isFinite(read.begin.getTime() + read.end.getTime())
  return isReport ? read : 'notAReport'
}

function readPolicy(value: unknown): TlsPolicyReport {
  const { policy, summary, 'failure-details': details } = fields(value)
  const {
    'policy-type': type,
    'policy-domain': domain,
    'policy-string': lines,
    'mx-host': hosts,
  } = fields(policy)
  const counts = fields(summary)
  return {
    type: text(type),
    domain: text(domain).toLowerCase(),
    policy: list(lines, 50).map(text),
    // RFC 8460 §4.4 has a list, many senders write one name.
    mxHosts: (typeof hosts === 'string' ? [hosts] : list(hosts, 50)).map(text),
    successes: count(counts['total-successful-session-count']),
    failures: count(counts['total-failure-session-count']),
    details: list(details, maxDetails).map(readFailure),
  }
}

function readFailure(value: unknown): TlsFailure {
  const failure = fields(value)
  return {
    result: text(failure['result-type']),
    sendingAddress: text(failure['sending-mta-ip']),
    receivingHost: text(failure['receiving-mx-hostname']),
    receivingAddress: text(failure['receiving-ip']),
    count: count(failure['failed-session-count']),
    reason: text(failure['failure-reason-code']),
  }
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function list(value: unknown, most: number): unknown[] {
  return Array.isArray(value) ? value.slice(0, most) : []
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 500) : ''
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0
}

/** RFC 8460 §5.1 and §5.3; `submitter` is the domain that reports. */
export async function writeTlsReport(report: TlsReport, submitter: string): Promise<ReportFile> {
  const domain = report.policies[0]?.domain ?? ''
  const id = report.reportId.replace(/[^\w.@-]/g, '').slice(0, 100)
  const seconds = (date: Date) => Math.floor(date.getTime() / 1000)
  return {
    fileName: `${[submitter, domain, seconds(report.begin), seconds(report.end), id].join('!')}.json.gz`,
    mediaType: 'application/tlsrpt+gzip',
    bytes: await pack(JSON.stringify(tlsJson(report))),
    subject: `Report Domain: ${domain} Submitter: ${submitter} Report-ID: <${id}>`,
  }
}

function tlsJson(report: TlsReport): object {
  const stamp = (date: Date) => date.toISOString().replace(/\.\d+Z$/, 'Z')
  return {
    'organization-name': report.organisation,
    'date-range': { 'start-datetime': stamp(report.begin), 'end-datetime': stamp(report.end) },
    'contact-info': report.contact,
    'report-id': report.reportId,
    policies: report.policies.map(({ type, domain, policy, mxHosts, successes, failures, details }) => ({
      policy: {
        'policy-type': type,
        'policy-string': policy,
        'policy-domain': domain,
        ...(mxHosts.length === 0 ? {} : { 'mx-host': mxHosts }),
      },
      summary: { 'total-successful-session-count': successes, 'total-failure-session-count': failures },
      ...(details.length === 0 ? {} : { 'failure-details': details.map(failureJson) }),
    })),
  }
}

function failureJson(failure: TlsFailure): object {
  return {
    'result-type': failure.result,
    'sending-mta-ip': failure.sendingAddress,
    'receiving-mx-hostname': failure.receivingHost,
    'receiving-ip': failure.receivingAddress,
    'failed-session-count': failure.count,
    ...(failure.reason === '' ? {} : { 'failure-reason-code': failure.reason }),
  }
}
