import { isIP } from 'node:net'
import { maxRows, type AggregateReport, type AggregateRow } from './aggregate.ts'
import type { ReportFault } from './unpack.ts'
import { readXml, XmlFault } from './xml.ts'

const maxListed = 20

/** A report's XML. Rows without an address or a count are left out. */
export async function readAggregateReport(xml: string): Promise<AggregateReport | ReportFault> {
  const report = emptyReport()
  let row = emptyRow()
  try {
    await readXml(xml, {
      open(path) {
        if (path === 'feedback/record') row = emptyRow()
        lists[path]?.(row)
      },
      leaf(path, text) {
        if (path.startsWith('feedback/record/')) setRow(row, path.slice('feedback/record/'.length), text)
        else setReport(report, path, text)
      },
      close(path) {
        if (path !== 'feedback/record' || isIP(row.sourceAddress) === 0 || row.count === 0) return
        if (report.rows.length < maxRows) report.rows.push(row)
        else report.isCut = true
      },
    })
  } catch (error) {
    if (error instanceof XmlFault) return 'damaged'
    throw error
  }
  const isReport =
    report.policy.domain !== '' && Number.isFinite(report.begin.getTime() + report.end.getTime())
  return isReport ? report : 'notAReport'
}

function emptyReport(): AggregateReport {
  const never = new Date(Number.NaN)
  const policy = { domain: '', p: '', sp: '', np: '', adkim: '', aspf: '', fo: '', isTesting: false }
  return {
    organisation: '',
    email: '',
    reportId: '',
    begin: never,
    end: never,
    errors: [],
    policy,
    rows: [],
    isCut: false,
  }
}

function emptyRow(): AggregateRow {
  return {
    sourceAddress: '',
    count: 0,
    disposition: '',
    dkim: '',
    spf: '',
    overrides: [],
    headerFrom: '',
    envelopeFrom: '',
    envelopeTo: '',
    signatures: [],
    senders: [],
  }
}

const lists: Record<string, (row: AggregateRow) => void> = {
  'feedback/record/row/policy_evaluated/reason': ({ overrides }) => add(overrides, { type: '', comment: '' }),
  'feedback/record/auth_results/dkim': ({ signatures }) =>
    add(signatures, { domain: '', selector: '', result: '' }),
  'feedback/record/auth_results/spf': ({ senders }) => add(senders, { domain: '', scope: '', result: '' }),
}

function add<T>(list: T[], entry: T): void {
  if (list.length < maxListed) list.push(entry)
}

function setReport(report: AggregateReport, path: string, text: string): void {
  const value = text.slice(0, 500)
  const [, section, name = ''] = path.split('/')
  if (section === 'report_metadata') {
    if (name === 'org_name') report.organisation = value
    if (name === 'email') report.email = value
    if (name === 'report_id') report.reportId = value
    if (name === 'error' && report.errors.length < maxListed) report.errors.push(value)
    if (path.endsWith('/date_range/begin')) report.begin = dateOf(value)
    if (path.endsWith('/date_range/end')) report.end = dateOf(value)
  }
  if (section !== 'policy_published') return
  const { policy } = report
  if (name === 'testing') policy.isTesting = value.toLowerCase() === 'y'
  else if (name === 'domain') policy.domain = value.toLowerCase()
  else if (
    name === 'p' ||
    name === 'sp' ||
    name === 'np' ||
    name === 'adkim' ||
    name === 'aspf' ||
    name === 'fo'
  )
    policy[name] = value.toLowerCase()
}

/** Seconds since 1970; not a date where it is anything else. */
function dateOf(text: string): Date {
  return new Date(/^\d{1,11}$/.test(text) ? Number(text) * 1000 : Number.NaN)
}

const rowFields: Record<string, (row: AggregateRow, value: string) => void> = {
  'row/source_ip': (row, value) => (row.sourceAddress = value),
  'row/count': (row, value) => (row.count = /^\d{1,12}$/.test(value) ? Number(value) : 0),
  'row/policy_evaluated/disposition': (row, value) => (row.disposition = value.toLowerCase()),
  'row/policy_evaluated/dkim': (row, value) => (row.dkim = value.toLowerCase()),
  'row/policy_evaluated/spf': (row, value) => (row.spf = value.toLowerCase()),
  'row/policy_evaluated/reason/type': (row, value) => set(row.overrides.at(-1), 'type', value),
  'row/policy_evaluated/reason/comment': (row, value) => set(row.overrides.at(-1), 'comment', value),
  'identifiers/header_from': (row, value) => (row.headerFrom = value.toLowerCase()),
  'identifiers/envelope_from': (row, value) => (row.envelopeFrom = value.toLowerCase()),
  'identifiers/envelope_to': (row, value) => (row.envelopeTo = value.toLowerCase()),
  'auth_results/dkim/domain': (row, value) => set(row.signatures.at(-1), 'domain', value.toLowerCase()),
  'auth_results/dkim/selector': (row, value) => set(row.signatures.at(-1), 'selector', value),
  'auth_results/dkim/result': (row, value) => set(row.signatures.at(-1), 'result', value.toLowerCase()),
  'auth_results/spf/domain': (row, value) => set(row.senders.at(-1), 'domain', value.toLowerCase()),
  'auth_results/spf/scope': (row, value) => set(row.senders.at(-1), 'scope', value.toLowerCase()),
  'auth_results/spf/result': (row, value) => set(row.senders.at(-1), 'result', value.toLowerCase()),
}

function setRow(row: AggregateRow, path: string, text: string): void {
  rowFields[path]?.(row, text.slice(0, 500))
}

function set<T extends object>(entry: T | undefined, key: keyof T, value: string): void {
  if (entry !== undefined) Object.assign(entry, { [key]: value })
}
