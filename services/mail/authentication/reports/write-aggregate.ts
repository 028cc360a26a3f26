import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { AggregateReport, AggregateRow } from './aggregate.ts'
import { escapeXml } from './xml.ts'

const pack = promisify(gzip)

/** A file to be attached to a report's message. */
export interface ReportFile {
  fileName: string
  mediaType: string
  bytes: Buffer
  /** Of the message. */
  subject: string
}

/** RFC 9990 §3; `receiver` is the name of the server that reports. */
export async function writeAggregateReport(report: AggregateReport, receiver: string): Promise<ReportFile> {
  const { policy, begin, end, reportId } = report
  const name = [receiver, policy.domain, seconds(begin), seconds(end), plainId(reportId)].join('!')
  return {
    fileName: `${name}.xml.gz`,
    mediaType: 'application/gzip',
    bytes: await pack(aggregateXml(report)),
    subject: `Report Domain: ${policy.domain} Submitter: ${receiver} Report-ID: <${plainId(reportId)}>`,
  }
}

export function aggregateXml(report: AggregateReport): string {
  const { policy } = report
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">',
    element('version', '1.0'),
    '<report_metadata>',
    element('org_name', report.organisation),
    element('email', report.email),
    element('report_id', plainId(report.reportId)),
    `<date_range>${element('begin', seconds(report.begin))}${element('end', seconds(report.end))}</date_range>`,
    ...report.errors.map((error) => element('error', error)),
    '</report_metadata>',
    '<policy_published>',
    element('domain', policy.domain),
    element('discovery_method', 'treewalk'),
    ...(['p', 'sp', 'np', 'fo', 'adkim', 'aspf'] as const).map((key) => optional(key, policy[key])),
    element('testing', policy.isTesting ? 'y' : 'n'),
    '</policy_published>',
    ...report.rows.map(rowXml),
    '</feedback>',
  ]
  return `${lines.filter((line) => line !== '').join('\n')}\n`
}

function rowXml(row: AggregateRow): string {
  const overrides = row.overrides.map(
    ({ type, comment }) => `<reason>${element('type', type)}${optional('comment', comment)}</reason>`,
  )
  const signatures = row.signatures.map(
    ({ domain, selector, result }) =>
      `<dkim>${element('domain', domain)}${element('selector', selector)}${element('result', result)}</dkim>`,
  )
  const senders = row.senders.map(
    ({ domain, scope, result }) =>
      `<spf>${element('domain', domain)}${optional('scope', scope)}${element('result', result)}</spf>`,
  )
  return [
    '<record><row>',
    element('source_ip', row.sourceAddress),
    element('count', String(row.count)),
    '<policy_evaluated>',
    element('disposition', row.disposition),
    element('dkim', row.dkim),
    element('spf', row.spf),
    ...overrides,
    '</policy_evaluated></row><identifiers>',
    element('header_from', row.headerFrom),
    optional('envelope_from', row.envelopeFrom),
    optional('envelope_to', row.envelopeTo),
    '</identifiers><auth_results>',
    ...signatures,
    ...senders,
    '</auth_results></record>',
  ].join('')
}

function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`
}

function optional(name: string, text: string): string {
  return text === '' ? '' : element(name, text)
}

function seconds(date: Date): string {
  return String(Math.floor(date.getTime() / 1000))
}

/** RFC 9990 §3.5.2: what a file name and a subject can carry. */
function plainId(reportId: string): string {
  return reportId.replace(/[^\w.@-]/g, '').slice(0, 100)
}
