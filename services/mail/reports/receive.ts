/** Reports of other servers about mail in our name come to postmaster, and are read into tables. */
import { Readable } from 'node:stream'
import { mail } from '#contracts/mail.ts'
import { subscription } from '#platform/service.ts'
import type { Database } from '#platform/database/database.ts'
import { readReport, type ReceivedReport } from '../authentication/reports/read.ts'
import { decodeBody } from '../mime/decode.ts'
import { findPart } from '../mime/structure.ts'
import type { Context, settings } from '../settings.ts'
import { listDomains } from '../store/addresses.ts'
import { structureOf } from '../store/reading.ts'
import { insertDmarcRows, insertTlsRows, noteReport } from '../store/reports.ts'
import { possibleReports, type PossibleReport } from '../store/sent-reports.ts'

export const reportSubscriptions = [
  subscription<typeof mail.events.messageArrived, typeof settings>({
    name: 'mail.readReports',
    event: mail.events.messageArrived,
    batch: 100,
    async handle(deliveries, context) {
      const ids = deliveries.map(({ payload }) => payload.messageId)
      await readReports(context, context.tx, ids)
    },
  }),
]

const mostAttachments = 3
const mostBytes = 10 * 1024 * 1024

/** Gives how many reports were read. One that comes again is read once. */
export async function readReports(
  context: Pick<Context, 'db' | 'blobs' | 'log'>,
  tx: Database,
  messageIds: readonly string[],
): Promise<number> {
  const domains = await listDomains(context.db)
  const messages = await possibleReports(
    context.db,
    messageIds,
    domains.map((domain) => `postmaster@${domain}`),
  )
  let read = 0
  for (const message of messages)
    for (const attachment of message.attachments.filter(isPossible).slice(0, mostAttachments)) {
      const bytes = await bytesOf(context, message.blob, attachment.part)
      const found = bytes && (await readReport(bytes))
      if (found && found.kind !== 'none' && (await keep(tx, found, domains))) read++
    }
  if (read > 0) context.log.info({ reports: read }, 'reports of other servers were read')
  return read
}

function isPossible({ mediaType, fileName, sizeBytes }: PossibleReport['attachments'][number]): boolean {
  const isNamed = /\.(?:xml|json)(?:\.gz)?$|\.zip$/i.test(fileName)
  return sizeBytes <= mostBytes && (isNamed || /gzip|zip|xml|tlsrpt/.test(mediaType))
}

async function bytesOf(
  { db, blobs }: Pick<Context, 'db' | 'blobs'>,
  blob: string,
  number: string,
): Promise<Buffer | undefined> {
  const structure = await structureOf(db, blob)
  const part = structure && findPart(structure, number)
  if (!part || part.start === part.end) return undefined
  const content = await blobs.get(blob, { start: part.start, end: part.end })
  if (!content) return undefined
  const pieces: Uint8Array[] = []
  for await (const piece of decodeBody(Readable.from(content), part.encoding)) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function keep(
  tx: Database,
  found: Exclude<ReceivedReport, { kind: 'none' }>,
  domains: readonly string[],
): Promise<boolean> {
  const isOurs = (name: string) => domains.some((domain) => name === domain || name.endsWith(`.${domain}`))
  const { report } = found
  const reporter = report.organisation.slice(0, 200)
  const day = report.begin.toISOString().slice(0, 10)
  if (found.kind === 'dmarc') {
    const { policy, rows, reportId } = found.report
    if (!isOurs(policy.domain) || !(await noteReport(tx, 'dmarc', reporter, reportId))) return false
    const kept = rows.map(({ sourceAddress, count, disposition, dkim, spf }) => {
      const messages = Math.min(count, 2_000_000_000)
      return { domain: policy.domain, reporter, day, sourceAddress, messages, disposition, dkim, spf }
    })
    await insertDmarcRows(tx, reportId, kept)
    return true
  }
  const policies = found.report.policies.filter(({ domain }) => isOurs(domain))
  if (policies.length === 0 || !(await noteReport(tx, 'tls', reporter, report.reportId))) return false
  const most = (count: number) => Math.min(count, 2_000_000_000)
  await insertTlsRows(
    tx,
    policies.map(({ domain, type, successes, failures, details }) => ({
      domain,
      reporter,
      day,
      policy: type,
      successes: most(successes),
      failures: most(failures),
      failureTypes: [...new Set(details.map(({ result }) => result))].slice(0, 20),
    })),
  )
  return true
}
