import type { AggregateReport } from './aggregate.ts'
import { readAggregateReport } from './read-aggregate.ts'
import { readTlsReport, type TlsReport } from './tls.ts'
import { unpackReport, type ReportFault } from './unpack.ts'

export type ReceivedReport =
  | { kind: 'dmarc'; report: AggregateReport }
  | { kind: 'tls'; report: TlsReport }
  | { kind: 'none'; fault: ReportFault }

/** An attachment that may be a DMARC aggregate or a TLS report, packed or not; told by what stands in it. */
export async function readReport(attachment: Buffer): Promise<ReceivedReport> {
  const unpacked = await unpackReport(attachment)
  if (typeof unpacked === 'string') return { kind: 'none', fault: unpacked }
  const first = unpacked
    .toString('latin1', 0, 200)
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .trimStart()[0]
  if (first === '{') {
    const report = readTlsReport(unpacked)
    return typeof report === 'string' ? { kind: 'none', fault: report } : { kind: 'tls', report }
  }
  if (first !== '<') return { kind: 'none', fault: 'notAReport' }
  const report = await readAggregateReport(unpacked.toString('utf8'))
  return typeof report === 'string' ? { kind: 'none', fault: report } : { kind: 'dmarc', report }
}
