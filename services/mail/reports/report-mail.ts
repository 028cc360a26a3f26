/** A message that carries a report (RFC 9990 §3.5, RFC 8460 §5.3). */
import { randomUUID } from 'node:crypto'
import type { ReportFile } from '../authentication/reports/write-aggregate.ts'
import { contentHeader, formatDate, headerLine } from '../mime/header-lines.ts'

export interface ReportMail {
  kind: 'dmarc' | 'tls'
  file: ReportFile
  /** Whom it is about, and who reports. */
  domain: string
  submitter: string
  to: readonly string[]
  at: Date
}

export function reportMail({ kind, file, domain, submitter, to, at }: ReportMail): Buffer {
  const boundary = `report-${randomUUID()}`
  const isTls = kind === 'tls'
  const header = [
    headerLine('From', `<postmaster@${submitter}>`),
    headerLine('To', to.map((address) => `<${address}>`).join(', ')),
    headerLine('Subject', file.subject, 'encoded'),
    headerLine('Date', formatDate(at)),
    headerLine('Message-ID', `<${randomUUID()}@${submitter}>`),
    headerLine('Auto-Submitted', 'auto-generated'),
    ...(isTls
      ? [headerLine('TLS-Report-Domain', domain), headerLine('TLS-Report-Submitter', submitter)]
      : []),
    headerLine('MIME-Version', '1.0'),
    `Content-Type: multipart/${isTls ? 'report; report-type=tlsrpt' : 'mixed'};\r\n boundary="${boundary}"\r\n\r\n`,
  ]
  const text = isTls
    ? `This is a report of ${submitter} about TLS with the mail servers of ${domain}.`
    : `This is a DMARC report of ${submitter} about mail in the name of ${domain}.`
  const encoded = file.bytes.toString('base64').replaceAll(/.{76}/g, '$&\r\n')
  return Buffer.from(
    [
      ...header,
      `--${boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n${text}\r\n`,
      `--${boundary}\r\n`,
      contentHeader({ fileName: file.fileName, mediaType: file.mediaType, encoding: 'base64' }),
      `\r\n${encoded}\r\n--${boundary}--\r\n`,
    ].join(''),
  )
}
