import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

export interface Forwarding {
  address: string
  isConfirmed: boolean
  forwardsAll: boolean
}

export async function listForwardings(db: Database, accountId: string): Promise<Forwarding[]> {
  const { rows } = await sql<Forwarding>`
    select address, confirmed_at is not null as "isConfirmed", forwards_all as "forwardsAll"
    from forwardings where account_id = ${accountId} order by created_at, address`.execute(db)
  return rows
}

/** Arms an address with a new code. False: it is confirmed, or got a code just now. */
export async function armForwarding(
  tx: Database,
  accountId: string,
  address: string,
  codeDigest: Buffer,
  secondsBetween: number,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into forwardings as f (account_id, address, code_digest) values (${accountId}, ${address}, ${codeDigest})
    on conflict (account_id, address) do update set code_digest = excluded.code_digest, code_sent_at = now(), attempts = 0
    where f.confirmed_at is null and f.code_sent_at < now() - make_interval(secs => ${secondsBetween})`.execute(
    tx,
  )
  return numAffectedRows === 1n
}

/** Counts an attempt, even when it fails. Undefined: there is no code, or it may not be tried any more. */
export async function attemptForwarding(
  db: Database,
  accountId: string,
  address: string,
  { attempts, hours }: { attempts: number; hours: number },
): Promise<Buffer | undefined> {
  const { rows } = await sql<{ codeDigest: Buffer }>`
    update forwardings set attempts = attempts + 1
    where account_id = ${accountId} and address = ${address} and code_digest is not null and attempts < ${attempts}
      and code_sent_at > now() - make_interval(hours => ${hours})
    returning code_digest as "codeDigest"`.execute(db)
  return rows[0]?.codeDigest
}

/** False: the code counts no more. */
export async function confirmForwarding(
  tx: Database,
  accountId: string,
  address: string,
  codeDigest: Buffer,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update forwardings set confirmed_at = now(), code_digest = null
    where account_id = ${accountId} and address = ${address} and code_digest = ${codeDigest}`.execute(tx)
  return numAffectedRows === 1n
}

/** False: there is no such confirmed address. */
export async function changeForwarding(
  tx: Database,
  accountId: string,
  address: string,
  forwardsAll: boolean,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update forwardings set forwards_all = ${forwardsAll}
    where account_id = ${accountId} and address = ${address} and confirmed_at is not null`.execute(tx)
  return numAffectedRows === 1n
}

/** Filters do not forward there any more. */
export async function deleteForwarding(tx: Database, accountId: string, address: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    delete from forwardings where account_id = ${accountId} and address = ${address}`.execute(tx)
  await sql`
    update filters set actions = actions || '{"forwardTo": null}'
    where account_id = ${accountId} and actions->>'forwardTo' = ${address}`.execute(tx)
  return numAffectedRows === 1n
}
