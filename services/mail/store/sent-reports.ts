/** What is still to be reported to other domains: of mail in their name, and of TLS with their servers. */
import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import type { AggregateRow, PublishedPolicy } from '../authentication/reports/aggregate.ts'
import { givenRows } from './given.ts'

export interface SeenRow {
  /** `2026-11-20` in UTC. */
  day: string
  /** Where the policy stands. */
  domain: string
  digest: string
  seen: AggregateRow
  policy: PublishedPolicy
  reportTo: string[]
  messages: number
}

const mostRows = 5_000

/** Adds to what was counted before. */
export async function countSeen(db: Database, rows: readonly SeenRow[]): Promise<void> {
  await sql`
    insert into seen_authentications as s (day, domain, digest, seen, policy, report_to, messages)
    select day, domain, digest, seen, policy, "reportTo", messages
    from ${givenRows(rows, 'day date, domain text, digest text, seen jsonb, policy jsonb, "reportTo" text[], messages bigint')}
    order by day, domain, digest
    on conflict (day, domain, digest) do update set messages = s.messages + excluded.messages,
      report_to = excluded.report_to`.execute(db)
}

export interface Due {
  day: string
  domain: string
}

/** Days before this one, the oldest first. */
export async function seenBefore(db: Database, day: string): Promise<Due[]> {
  const { rows } = await sql<Due>`
    select distinct to_char(day, 'YYYY-MM-DD') as day, domain from seen_authentications where day < ${day}::date
    order by 1, 2 limit 2000`.execute(db)
  return rows
}

/** The most frequent ones, as far as a report goes. */
export async function listSeen(db: Database, { day, domain }: Due): Promise<SeenRow[]> {
  const { rows } = await sql<SeenRow>`
    select to_char(day, 'YYYY-MM-DD') as day, domain, digest, seen, policy, report_to as "reportTo",
      messages::float8 as messages
    from seen_authentications where day = ${day}::date and domain = ${domain}
    order by messages desc, digest limit ${mostRows}`.execute(db)
  return rows
}

export async function forgetSeen(tx: Database, { day, domain }: Due): Promise<void> {
  await sql`delete from seen_authentications where day = ${day}::date and domain = ${domain}`.execute(tx)
}

export async function tlsBefore(db: Database, day: string): Promise<Due[]> {
  const { rows } = await sql<Due>`
    select distinct to_char(day, 'YYYY-MM-DD') as day, domain from tls_results where day < ${day}::date
    order by 1, 2 limit 2000`.execute(db)
  return rows
}

export interface TlsCount {
  policy: 'sts' | 'no-policy-found'
  server: string
  failure: string
  sessions: number
}

export async function listTls(db: Database, { day, domain }: Due): Promise<TlsCount[]> {
  const { rows } = await sql<TlsCount>`
    select policy, server, failure, sessions::float8 as sessions from tls_results
    where day = ${day}::date and domain = ${domain} order by sessions desc, server, failure limit 1000`.execute(
    db,
  )
  return rows
}

export async function forgetTls(tx: Database, { day, domain }: Due): Promise<void> {
  await sql`delete from tls_results where day = ${day}::date and domain = ${domain}`.execute(tx)
}

export interface PossibleReport {
  blob: string
  attachments: { part: string; fileName: string; mediaType: string; sizeBytes: number }[]
}

/** Of these messages, those with attachments to one of these addresses, unless they are spam or forged. */
export async function possibleReports(
  db: Database,
  messageIds: readonly string[],
  addresses: readonly string[],
): Promise<PossibleReport[]> {
  const { rows } = await sql<PossibleReport>`
    select distinct on (blob) blob, attachments from messages
    where id = any (${[...messageIds]}::uuid[]) and attachments <> '[]'
      and coalesce(spam_verdict, '') not in ('spam', 'certainSpam')
      and coalesce(authentication->'dmarc'->>'result', '') <> 'fail'
      and exists (
        select from jsonb_array_elements(addresses->'to') t where lower(t->>'address') = any (${[...addresses]})
      )`.execute(db)
  return rows
}
