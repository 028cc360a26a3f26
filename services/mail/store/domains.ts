import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

export interface KeyRow {
  domain: string
  selector: string
  algorithm: 'rsa' | 'ed25519'
  /** Sealed. */
  privateKey: Buffer
  publicRecord: string
}

/** False where it is there already. */
export async function insertDomain(tx: Database, name: string, isPrimary: boolean): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into domains (name, is_primary)
    select ${name}, ${isPrimary} and not exists (select from domains where is_primary) on conflict do nothing`.execute(
    tx,
  )
  return numAffectedRows === 1n
}

export async function insertKeys(tx: Database, keys: readonly KeyRow[]): Promise<void> {
  for (const { domain, selector, algorithm, privateKey, publicRecord } of keys)
    await sql`
      insert into dkim_keys (domain, selector, algorithm, private_key, public_record)
      values (${domain}, ${selector}, ${algorithm}, ${privateKey}, ${publicRecord})`.execute(tx)
}

/** The newest of each algorithm. */
export async function keysOf(db: Database, domain: string): Promise<KeyRow[]> {
  const { rows } = await sql<KeyRow>`
    select distinct on (algorithm) domain, selector, algorithm, private_key as "privateKey",
      public_record as "publicRecord"
    from dkim_keys where domain = ${domain} order by algorithm, created_at desc`.execute(db)
  return rows
}
