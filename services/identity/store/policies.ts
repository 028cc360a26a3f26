import { sql } from 'kysely'
import type { z } from 'zod'
import type { Policy, PushedPolicy } from '#contracts/identity/protection.ts'
import type { Database } from '#platform/database/database.ts'
import { pushedTable } from './pushed.ts'

type PolicyRow = z.output<typeof Policy>
type PushedPolicyRow = z.output<typeof PushedPolicy>

/** With null the setting counts again. */
export async function putPolicy(tx: Database, { id, rate }: PushedPolicyRow): Promise<void> {
  const revision = await policies.nextRevision(tx)
  await sql`
    insert into policies (id, rate, revision) values (${id}, ${rate}, ${revision})
    on conflict (id) do update set rate = excluded.rate, revision = excluded.revision`.execute(tx)
}

export async function listPolicies(db: Database): Promise<PolicyRow[]> {
  const { rows } = await sql<PolicyRow>`
    select id, rate from policies where rate is not null order by id`.execute(db)
  return rows
}

export const policies = pushedTable<PushedPolicyRow>('policies', sql`id, rate`, { isKept: true })
