/** Reports to other domains, once a day: of mail in their name (RFC 9990), and of TLS with their servers (RFC 8460). */
import { createHash, randomUUID } from 'node:crypto'
import type { Database } from '#platform/database/database.ts'
import type { AggregateReport } from '../authentication/reports/aggregate.ts'
import { willingAddresses } from '../authentication/reports/destinations.ts'
import { writeTlsReport, type TlsPolicyReport } from '../authentication/reports/tls.ts'
import { writeAggregateReport } from '../authentication/reports/write-aggregate.ts'
import { openResolver, type Lookups } from '../authentication/resolver.ts'
import { announceQueue, submit } from '../delivery/submit.ts'
import { dnsServers, type Context } from '../settings.ts'
import { listDomains } from '../store/addresses.ts'
import * as store from '../store/sent-reports.ts'
import { findPolicy } from '../store/sts-policies.ts'
import { reportMail, type ReportMail } from './report-mail.ts'

type ReportTools = Pick<Context, 'db' | 'blobs' | 'signals' | 'log'> & {
  domain: string
  resolver: Lookups
}

const mostAddresses = 5
const earliestMinutes = 15
/** So that not all of the world's reports leave in the same minute. */
const spreadMinutes = 180

/** A job. */
export async function sendReports(context: Context & { signal: AbortSignal }): Promise<void> {
  using resolver = openResolver({ servers: dnsServers(context.settings) })
  await reportAll({ ...context, domain: context.settings.DOMAIN, resolver }, new Date(), context.signal)
}

/** Reports what is due, and gives how many reports are on their way. */
export async function reportAll(tools: ReportTools, now: Date, signal?: AbortSignal): Promise<number> {
  const today = now.toISOString().slice(0, 10)
  const own = await listDomains(tools.db)
  let sent = 0
  for (const [kind, dues] of [
    ['dmarc', await store.seenBefore(tools.db, today)],
    ['tls', await store.tlsBefore(tools.db, today)],
  ] as const)
    for (const due of dues) {
      if (signal?.aborted) return sent
      if (!isDue(due, now)) continue
      const report = own.includes(due.domain) ? undefined : await reports[kind](tools, due, now)
      await send(tools, kind, due, report)
      if (report) sent++
    }
  if (sent > 0) announceQueue(tools.signals)
  return sent
}

function isDue({ day, domain }: store.Due, now: Date): boolean {
  const spread = createHash('sha256').update(domain).digest().readUInt16BE(0) % spreadMinutes
  const nextDay = Date.parse(`${day}T00:00:00Z`) + 86_400_000
  return now.getTime() >= nextDay + (earliestMinutes + spread) * 60_000
}

/** What was counted goes with it: nothing is reported twice. */
async function send(
  { db, blobs }: ReportTools,
  kind: ReportMail['kind'],
  due: store.Due,
  report: ReportMail | undefined,
): Promise<void> {
  const kept = report && (await blobs.put(reportMail(report)))
  await db.transaction().execute(async (tx: Database) => {
    if (kind === 'dmarc') await store.forgetSeen(tx, due)
    else await store.forgetTls(tx, due)
    if (!report || !kept) return
    // Nobody wants to hear that a report could not be delivered.
    const submission = { blob: kept.id, sizeBytes: kept.sizeBytes, sender: '' }
    await submit(
      tx,
      submission,
      report.to.map((address) => ({ address, notify: 'NEVER' as const })),
    )
  })
}

const reports = {
  async dmarc(tools: ReportTools, due: store.Due, now: Date): Promise<ReportMail | undefined> {
    const rows = await store.listSeen(tools.db, due)
    const [first] = rows
    if (!first) return undefined
    const to = await willingAddresses(first.reportTo.slice(0, mostAddresses), due.domain, tools.resolver)
    if (to.length === 0) return undefined
    const report: AggregateReport = {
      organisation: tools.domain,
      email: `postmaster@${tools.domain}`,
      reportId: `${due.day}.${randomUUID()}`,
      ...dayOf(due),
      errors: [],
      policy: first.policy,
      rows: rows.map(({ seen, messages }) => ({ ...seen, count: messages })),
      isCut: false,
    }
    const file = await writeAggregateReport(report, tools.domain)
    return { kind: 'dmarc', file, domain: due.domain, submitter: tools.domain, to, at: now }
  },
  async tls(tools: ReportTools, due: store.Due, now: Date): Promise<ReportMail | undefined> {
    const to = await tlsAddresses(due.domain, tools.resolver)
    if (to.length === 0) return undefined
    const counts = Map.groupBy(await store.listTls(tools.db, due), ({ policy }) => policy)
    const report = {
      organisation: tools.domain,
      contact: `postmaster@${tools.domain}`,
      reportId: `${due.day}.${randomUUID()}`,
      ...dayOf(due),
      policies: await Promise.all(
        [...counts].map(([type, rows]) => policyReport(tools.db, due.domain, type, rows)),
      ),
    }
    const file = await writeTlsReport(report, tools.domain)
    return { kind: 'tls', file, domain: due.domain, submitter: tools.domain, to, at: now }
  },
}

async function policyReport(
  db: Database,
  domain: string,
  type: store.TlsCount['policy'],
  rows: readonly store.TlsCount[],
): Promise<TlsPolicyReport> {
  const policy = type === 'sts' ? await findPolicy(db, domain) : undefined
  const count = (some: readonly store.TlsCount[]) => some.reduce((sum, { sessions }) => sum + sessions, 0)
  const failed = rows.filter(({ failure }) => failure !== '')
  return {
    type,
    domain,
    policy: policy ? ['version: STSv1', `mode: ${policy.mode}`, ...policy.mx.map((mx) => `mx: ${mx}`)] : [],
    mxHosts: policy?.mx ?? [],
    successes: count(rows) - count(failed),
    failures: count(failed),
    details: failed.map(({ failure, server, sessions }) => ({
      result: failure,
      sendingAddress: '',
      receivingHost: server,
      receivingAddress: '',
      count: sessions,
      reason: '',
    })),
  }
}

/** RFC 8460 §3: those of one record; reports go by mail only. */
async function tlsAddresses(domain: string, resolver: Lookups): Promise<string[]> {
  const { records } = await resolver.txt(`_smtp._tls.${domain}`)
  const found = records.filter((text) => /^v=TLSRPTv1\s*;/.test(text))
  const list = found.length === 1 ? (/;\s*rua\s*=([^;]*)/.exec(found[0]!)?.[1] ?? '') : ''
  return list
    .split(',')
    .map((uri) => /^\s*mailto:([!-~]+@[!-~]+?)\s*$/i.exec(uri)?.[1])
    .filter((address) => address !== undefined)
    .slice(0, mostAddresses)
}

function dayOf({ day }: store.Due): { begin: Date; end: Date } {
  return { begin: new Date(`${day}T00:00:00Z`), end: new Date(`${day}T23:59:59Z`) }
}
