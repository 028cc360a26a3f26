import { sql } from 'kysely'
import { isoTime } from '#platform/database/iso-time.ts'
import type { z } from 'zod'
import type { NewAuditEntry } from '#contracts/logs.ts'
import type { Database } from '#platform/database/database.ts'
import { canonicalJson, entryHash, type Entry } from '../audit-chain.ts'
import { allOf, clean } from './lines.ts'

export interface AuditFilter {
  actor?: string | undefined
  action?: string | undefined
  subject?: string | undefined
  from?: string | undefined
  to?: string | undefined
}

/** The last entry's sequence, 0 where there is none, and hash. */
export interface Head {
  sequence: number
  hash: string
}

/** Others that append wait until the transaction ends. */
export async function appendEntry(
  tx: Database,
  service: string,
  given: z.output<typeof NewAuditEntry>,
): Promise<Entry> {
  const head = await lockHead(tx)
  const unsealed = {
    sequence: head.sequence + 1,
    time: new Date().toISOString(),
    service,
    actor: clean(given.actor),
    action: clean(given.action),
    subject: clean(given.subject),
    // As it will be read back: dates are text then.
    details: JSON.parse(JSON.stringify(given.details)) as Record<string, unknown>,
  }
  const entry = { ...unsealed, hash: entryHash(head.hash, unsealed) }
  await sql`
    insert into audit_entries (sequence, time, service, actor, action, subject, details, hash)
    values (${entry.sequence}, ${entry.time}, ${entry.service}, ${entry.actor}, ${entry.action}, ${entry.subject},
      ${canonicalJson(entry.details)}::json, decode(${entry.hash}, 'hex'))`.execute(tx)
  await sql`update audit_head set sequence = ${entry.sequence}, hash = decode(${entry.hash}, 'hex')`.execute(
    tx,
  )
  return entry
}

/** Newest first, below the sequence `before`. */
export async function listEntries(
  db: Database,
  { actor, action, subject, from, to }: AuditFilter,
  page: { limit: number; before: number | undefined },
): Promise<Entry[]> {
  const { rows } = await sql<Entry>`
    select ${columns} from audit_entries
    where ${allOf([
      page.before === undefined ? undefined : sql`sequence < ${page.before}`,
      actor === undefined ? undefined : sql`actor = ${actor}`,
      action === undefined ? undefined : sql`action = ${action}`,
      subject === undefined ? undefined : sql`subject = ${subject}`,
      from === undefined ? undefined : sql`audit_entries.time >= ${from}::timestamptz`,
      to === undefined ? undefined : sql`audit_entries.time < ${to}::timestamptz`,
    ])}
    order by sequence desc limit ${page.limit}`.execute(db)
  return rows
}

/** Head and entries as they are at one moment. */
export async function readChain<T>(
  db: Database,
  read: (head: Head, pages: AsyncIterable<Entry[]>) => Promise<T>,
): Promise<T> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => {
      const { rows } = await sql<Head>`select sequence, encode(hash, 'hex') as hash from audit_head`.execute(
        tx,
      )
      return read(rows[0]!, pagesOfEntries(tx))
    })
}

async function* pagesOfEntries(tx: Database): AsyncGenerator<Entry[]> {
  for (let last = 0; ;) {
    const { rows } = await sql<Entry>`
      select ${columns} from audit_entries where sequence > ${last} order by sequence limit 1000`.execute(tx)
    if (rows.length === 0) return
    yield rows
    last = rows.at(-1)!.sequence
  }
}

async function lockHead(tx: Database): Promise<Head> {
  const { rows } = await sql<Head>`
    select sequence, encode(hash, 'hex') as hash from audit_head for update`.execute(tx)
  return rows[0]!
}

const columns = sql`
  sequence, ${isoTime('time')} as time, service, actor, action, subject, details, encode(hash, 'hex') as hash`
