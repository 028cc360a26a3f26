import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

export interface StsPolicy {
  id: string
  mode: 'enforce' | 'testing' | 'none'
  /** Lower case; one may begin with `*.`. */
  mx: string[]
}

export interface KnownPolicy extends StsPolicy {
  expiresAt: Date
}

export async function findPolicy(db: Database, domain: string): Promise<KnownPolicy | undefined> {
  const { rows } = await sql<KnownPolicy>`
    select policy_id as id, mode, mx, expires_at as "expiresAt" from sts_policies where domain = ${domain}`.execute(
    db,
  )
  return rows[0]
}

export async function keepPolicy(db: Database, domain: string, policy: KnownPolicy): Promise<void> {
  const { id, mode, mx, expiresAt } = policy
  await sql`
    insert into sts_policies (domain, policy_id, mode, mx, expires_at)
    values (${domain}, ${id}, ${mode}, ${mx}, ${expiresAt})
    on conflict (domain) do update set policy_id = excluded.policy_id, mode = excluded.mode, mx = excluded.mx,
      expires_at = excluded.expires_at`.execute(db)
}

export async function deletePastPolicies(db: Database, before: Date): Promise<void> {
  await sql`delete from sts_policies where expires_at < ${before}`.execute(db)
}

export interface TlsResult {
  domain: string
  policy: 'sts' | 'no-policy-found'
  server: string
  /** Of RFC 8460 §4.3, such as `certificate-expired`; empty where it went well. */
  failure: string
}

export async function countTlsResult(db: Database, at: Date, result: TlsResult): Promise<void> {
  const { domain, policy, server, failure } = result
  await sql`
    insert into tls_results (day, domain, policy, server, failure, sessions)
    values ((${at}::timestamptz at time zone 'UTC')::date, ${domain}, ${policy}, ${server}, ${failure}, 1)
    on conflict (day, domain, policy, server, failure) do update set sessions = tls_results.sessions + 1`.execute(
    db,
  )
}

export async function deleteTlsResultsBefore(db: Database, day: string): Promise<void> {
  await sql`delete from tls_results where day < ${day}::date`.execute(db)
}
