/** Delivery status notifications: RFC 3464 in RFC 6522, with RFC 6533 where addresses are not ASCII. */
import { isAscii } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { encodeText } from '../mime/encode.ts'
import { formatDate, headerLine } from '../mime/header-lines.ts'
import { parseHeader, fieldOf } from '../mime/header.ts'
import { decodeWords } from '../mime/words.ts'
import type { RecipientRow } from '../store/recipients.ts'
import type { SubmissionRow } from '../store/submissions.ts'
import { encodeXtext } from './client/xtext.ts'
import { reportWords, type ReportKind } from './report-words.ts'

export interface ReportContext {
  hostName: string
  /** Reports come from its postmaster. */
  domain: string
  now: Date
  /** Of a message that is still tried. */
  giveUpAt?: Date
}

/** The message that is reported of, whole. */
export type OpenOriginal = () => AsyncIterable<Buffer>

const maxHeaderBytes = 64 * 1024
/** A longer message comes back without its body, whatever was asked for. */
const maxReturnedBytes = 10 * 1024 * 1024

export async function* composeReport(
  kind: ReportKind,
  submission: SubmissionRow,
  recipients: readonly RecipientRow[],
  openOriginal: OpenOriginal,
  context: ReportContext,
): AsyncGenerator<Buffer> {
  const boundary = `report-${randomUUID()}`
  const header = await readHeader(openOriginal())
  const status = statusPart(kind, submission, recipients, context)
  // RFC 3461 §4.3: the message comes back only where it failed.
  const isWhole =
    kind === 'failed' &&
    submission.returns === 'FULL' &&
    header.length > 0 &&
    submission.sizeBytes <= maxReturnedBytes
  const text = encodeText(humanText(kind, submission.language, recipients))
  yield Buffer.concat([
    Buffer.from(topHeader(kind, submission, header, boundary, context)),
    Buffer.from(
      `--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ${text.encoding}\r\n\r\n`,
    ),
    text.bytes,
    Buffer.from(`\r\n--${boundary}\r\n${status}\r\n--${boundary}\r\n`),
  ])
  if (isWhole) {
    yield Buffer.from('Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n')
    yield* openOriginal()
  } else {
    const isPlain = isAscii(header)
    const type = isPlain ? 'text/rfc822-headers' : 'message/global-headers'
    yield Buffer.from(
      `Content-Type: ${type}\r\nContent-Transfer-Encoding: ${isPlain ? '7bit' : '8bit'}\r\n\r\n`,
    )
    yield header
  }
  yield Buffer.from(`\r\n--${boundary}--\r\n`)
}

function topHeader(
  kind: ReportKind,
  { sender, language }: SubmissionRow,
  original: Buffer,
  boundary: string,
  { hostName, domain, now }: ReportContext,
): string {
  const { fields } = parseHeader(original)
  const subject = decodeWords(fieldOf(fields, 'subject') ?? '')
  const messageId = /<[!-;=?-~]{1,900}>/.exec(fieldOf(fields, 'message-id') ?? '')?.[0]
  const words = reportWords(kind, language)
  return [
    headerLine('From', `Mail Delivery <postmaster@${domain}>`),
    headerLine('To', `<${sender}>`, isAscii(Buffer.from(sender)) ? 'structured' : 'utf8'),
    headerLine(
      'Subject',
      subject === '' ? words.subject : `${words.subject}: ${subject.slice(0, 500)}`,
      'encoded',
    ),
    headerLine('Date', formatDate(now)),
    headerLine('Message-ID', `<${randomUUID()}@${hostName}>`),
    ...(messageId === undefined
      ? []
      : [headerLine('In-Reply-To', messageId), headerLine('References', messageId)]),
    // RFC 3834 §5: so that no program answers it.
    headerLine('Auto-Submitted', 'auto-replied'),
    headerLine('MIME-Version', '1.0'),
    `Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="${boundary}"\r\n\r\n`,
  ].join('')
}

function humanText(kind: ReportKind, language: string, recipients: readonly RecipientRow[]): string {
  const words = reportWords(kind, language)
  const lists = recipients.map(({ address, server, answer }) => {
    const from = server === undefined ? '' : `(${server}) `
    const said = answer === undefined ? [] : [`    ${words.answered} ${from}${answer}`]
    return [`  ${address}`, ...said].join('\n')
  })
  return `${[words.introduction, lists.join('\n\n'), words.closing].join('\n\n')}\n`
}

const actions: Record<ReportKind, (row: RecipientRow) => string> = {
  failed: () => 'failed',
  delayed: () => 'delayed',
  arrived: ({ state }) => (state === 'relayed' ? 'relayed' : 'delivered'),
}

function statusPart(
  kind: ReportKind,
  { envelopeId, dueAt }: SubmissionRow,
  recipients: readonly RecipientRow[],
  { hostName, giveUpAt }: ReportContext,
): string {
  const ofMessage = [
    ...(envelopeId === undefined ? [] : [`Original-Envelope-Id: ${encodeXtext(envelopeId)}`]),
    `Reporting-MTA: dns; ${hostName}`,
    `Arrival-Date: ${formatDate(dueAt)}`,
  ]
  const groups = recipients.map((row) => {
    const fallback = { failed: '5.0.0', delayed: '4.0.0', arrived: '2.0.0' }[kind]
    return [
      ...(row.originalRecipient === undefined
        ? []
        : [`Original-Recipient: ${row.originalRecipient.replace(';', '; ')}`]),
      `Final-Recipient: ${isAscii(Buffer.from(row.address)) ? 'rfc822' : 'utf-8'}; ${row.address}`,
      `Action: ${actions[kind](row)}`,
      `Status: ${classOf(row.status, fallback)}`,
      ...(row.server === undefined ? [] : [`Remote-MTA: dns; ${row.server}`]),
      ...(row.answer === undefined ? [] : [diagnosticOf(row.answer)]),
      `Last-Attempt-Date: ${formatDate(row.changedAt)}`,
      ...(giveUpAt === undefined ? [] : [`Will-Retry-Until: ${formatDate(giveUpAt)}`]),
    ]
  })
  const text = [ofMessage, ...groups].map((lines) => `${lines.map(fieldLine).join('\r\n')}\r\n`).join('\r\n')
  const isPlain = isAscii(Buffer.from(text))
  const type = isPlain ? 'message/delivery-status' : 'message/global-delivery-status'
  return `Content-Type: ${type}\r\nContent-Transfer-Encoding: ${isPlain ? '7bit' : '8bit'}\r\n\r\n${text}`
}

/** After five days a passing answer has become a lasting one. */
function classOf(status: string | undefined, fallback: string): string {
  return status === undefined ? fallback : `${fallback[0]}${status.slice(1)}`
}

/** `smtp` is for what a server answered. */
function diagnosticOf(answer: string): string {
  const type = /^[245]\d\d /.test(answer) ? 'smtp' : 'X-Dakghar'
  return `Diagnostic-Code: ${type}; ${answer.slice(0, 900).replaceAll(/[^ -~\u00a0-\u{10ffff}]/gu, ' ')}`
}

function fieldLine(line: string): string {
  return line.replaceAll(/[\r\n\0]/g, ' ')
}

/** Up to the empty line, without it; nothing where the message can't be read any more. */
async function readHeader(source: AsyncIterable<Buffer>): Promise<Buffer> {
  try {
    return await headerOf(source)
  } catch {
    return Buffer.alloc(0)
  }
}

async function headerOf(source: AsyncIterable<Buffer>): Promise<Buffer> {
  let held: Buffer = Buffer.alloc(0)
  for await (const chunk of source) {
    held = Buffer.concat([held, chunk])
    const end = held.indexOf('\r\n\r\n')
    if (end !== -1 && end < maxHeaderBytes) return held.subarray(0, end + 2)
    if (held.length >= maxHeaderBytes) break
  }
  const cut = held.subarray(0, maxHeaderBytes)
  return cut.subarray(0, cut.lastIndexOf('\n') + 1)
}
