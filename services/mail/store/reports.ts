import { sql } from 'kysely'
import type { OutputOf } from '#contracts/client.ts'
import type { mail } from '#contracts/mail.ts'
import type { Database } from '#platform/database/database.ts'
import { givenRows } from './given.ts'

type Reports = OutputOf<typeof mail.calls.listMailReports>
export type DmarcRow = Reports['dmarc'][number] & { domain: string }
export type TlsRow = Reports['tls'][number] & { domain: string }

/** False where the report was read before. */
export async function noteReport(
  tx: Database,
  kind: 'dmarc' | 'tls',
  reporter: string,
  reportId: string,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into received_reports (kind, reporter, report_id) values (${kind}, ${reporter}, ${reportId})
    on conflict do nothing`.execute(tx)
  return numAffectedRows === 1n
}

export async function insertDmarcRows(
  tx: Database,
  reportId: string,
  rows: readonly DmarcRow[],
): Promise<void> {
  await sql`
    insert into dmarc_reports (domain, reporter, report_id, day, source_address, messages, disposition, dkim, spf)
    select domain, reporter, ${reportId}, day, "sourceAddress", messages, disposition, dkim, spf
    from ${givenRows(rows, 'domain text, reporter text, day date, "sourceAddress" text, messages int, disposition text, dkim text, spf text')}`.execute(
    tx,
  )
}

export async function insertTlsRows(tx: Database, rows: readonly TlsRow[]): Promise<void> {
  await sql`
    insert into tls_reports (domain, reporter, day, policy, successes, failures, failure_types)
    select domain, reporter, day, policy, successes, failures, "failureTypes"
    from ${givenRows(rows, 'domain text, reporter text, day date, policy text, successes int, failures int, "failureTypes" text[]')}`.execute(
    tx,
  )
}

/** The newest first, at most 2,000 rows of each kind. */
export async function listReports(db: Database, domain: string | undefined, days: number): Promise<Reports> {
  const chosen = sql`day > current_date - ${days}::int and ${domain === undefined ? sql`true` : sql`domain = ${domain}`}`
  const { rows: dmarc } = await sql<Reports['dmarc'][number]>`
    select to_char(day, 'YYYY-MM-DD') as day, reporter, source_address as "sourceAddress",
      sum(messages)::int as messages, disposition, dkim, spf
    from dmarc_reports where ${chosen} group by day, reporter, source_address, disposition, dkim, spf
    order by day desc, messages desc limit 2000`.execute(db)
  const { rows: tls } = await sql<Reports['tls'][number]>`
    select to_char(day, 'YYYY-MM-DD') as day, reporter, policy, successes, failures, failure_types as "failureTypes"
    from tls_reports where ${chosen} order by day desc limit 2000`.execute(db)
  return { dmarc, tls }
}

export async function forgetReports(db: Database): Promise<void> {
  await sql`delete from dmarc_reports where day < current_date - 400`.execute(db)
  await sql`delete from tls_reports where day < current_date - 400`.execute(db)
  await sql`delete from received_reports where received_at < now() - interval '60 days'`.execute(db)
}
