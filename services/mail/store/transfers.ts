/** Imports and exports, and who works on them. */
import { sql } from 'kysely'
import type { Transfer } from '#contracts/mail/transfers.ts'
import { isoTime } from '#platform/database/iso-time.ts'
import type { Database } from '#platform/database/database.ts'
import { loosenBlobs } from './sweeping.ts'
import { toJson } from './given.ts'

export interface StoredTransfer extends Transfer {
  accountId: string
  format: string | null
  blob: string | null
  sizeBytes: number
  isCopied: boolean
  place: object | null
  attempts: number
}

const mostListed = 50

/** Newest first. */
export async function listTransfers(db: Database, accountId: string): Promise<Transfer[]> {
  const { rows } = await sql<Transfer>`
    select ${shown} from transfers where account_id = ${accountId}
    order by created_at desc, id desc limit ${mostListed}`.execute(db)
  return rows
}

export async function findTransfer(
  db: Database,
  accountId: string,
  id: string,
): Promise<StoredTransfer | undefined> {
  const { rows } = await sql<StoredTransfer>`
    select ${columns} from transfers where id = ${id} and account_id = ${accountId}`.execute(db)
  return rows[0]
}

export async function runningTransfers(db: Database, accountId: string): Promise<StoredTransfer[]> {
  const { rows } = await sql<StoredTransfer>`
    select ${columns} from transfers where account_id = ${accountId} and state = 'running' order by id`.execute(
    db,
  )
  return rows
}

export interface NewTransfer {
  id: string
  accountId: string
  kind: Transfer['kind']
  fileName: string
  format: string | null
  blob: string | null
  sizeBytes: number
  total: number
}

export async function insertTransfer(tx: Database, transfer: NewTransfer): Promise<Transfer> {
  const { id, accountId, kind, fileName, format, blob, sizeBytes, total } = transfer
  const { rows } = await sql<Transfer>`
    insert into transfers (id, account_id, kind, file_name, format, blob, size_bytes, total)
    values (${id}, ${accountId}, ${kind}, ${fileName}, ${format}, ${blob}, ${sizeBytes}, ${total})
    returning ${shown}`.execute(tx)
  return rows[0]!
}

/** The oldest that nobody works on; it is the owner's for so many seconds. */
export async function claimTransfer(
  db: Database,
  owner: string,
  seconds: number,
): Promise<StoredTransfer | undefined> {
  const { rows } = await sql<StoredTransfer>`
    update transfers set leased_by = ${owner}, leased_until = now() + make_interval(secs => ${seconds}),
      attempts = attempts + 1
    where id = (
      select id from transfers where state = 'running' and (leased_until is null or leased_until < now())
      order by created_at, id limit 1 for update skip locked
    )
    returning ${columns}`.execute(db)
  return rows[0]
}

/** False: it is another's now, or is not to go on. */
export async function renewTransfer(
  db: Database,
  id: string,
  owner: string,
  seconds: number,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update transfers set leased_until = now() + make_interval(secs => ${seconds})
    where id = ${id} and leased_by = ${owner} and state = 'running'`.execute(db)
  return numAffectedRows === 1n
}

/** Others may go on with it after so many seconds. */
export async function releaseTransfer(
  db: Database,
  id: string,
  owner: string,
  afterSeconds: number,
): Promise<void> {
  await sql`
    update transfers set leased_until = now() + make_interval(secs => ${afterSeconds})
    where id = ${id} and leased_by = ${owner} and state = 'running'`.execute(db)
}

/** Whether it is still the owner's and goes on; it stays so until the transaction ends. */
export async function lockTransfer(tx: Database, id: string, owner: string): Promise<boolean> {
  const { rows } = await sql`
    select from transfers where id = ${id} and leased_by = ${owner} and state = 'running' for update`.execute(
    tx,
  )
  return rows.length === 1
}

export async function markCopied(db: Database, id: string): Promise<void> {
  await sql`update transfers set is_copied = true where id = ${id}`.execute(db)
}

export interface Progress {
  place?: object
  done: number
  total?: number
  messages: number
  duplicates: number
  refused: number
}

/** Counts are those of the whole transfer. */
export async function noteProgress(tx: Database, id: string, progress: Progress): Promise<void> {
  const { place, done, total, messages, duplicates, refused } = progress
  await sql`
    update transfers set done = ${done}, total = coalesce(${total ?? null}::bigint, total), messages = ${messages},
      duplicates = ${duplicates}, refused = ${refused}, attempts = 0,
      place = coalesce(${place === undefined ? null : toJson(place)}::jsonb, place)
    where id = ${id}`.execute(tx)
}

/** Only one that runs ends. What it needed goes with it. */
export async function endTransfer(
  tx: Database,
  id: string,
  end: {
    state: 'done' | 'failed' | 'cancelled'
    error?: string
    file?: { blob: string; sizeBytes: number }
  },
): Promise<boolean> {
  const { rows } = await sql<{ blob: string | null }>`
    with old as (select id, blob from transfers where id = ${id} and state = 'running' for update)
    update transfers t set state = ${end.state}, error = ${end.error ?? null}, blob = ${end.file?.blob ?? null},
      size_bytes = coalesce(${end.file?.sizeBytes ?? null}::bigint, t.size_bytes), place = null, leased_by = null,
      leased_until = null, finished_at = now(), done = case when ${end.state} = 'done' then total else done end
    from old where t.id = old.id returning old.blob`.execute(tx)
  const [row] = rows
  if (!row) return false
  await sql`delete from import_notes where transfer_id = ${id}`.execute(tx)
  await forgetExportMessages(tx, id)
  if (row.blob !== null) await loosenBlobs(tx, [row.blob])
  return true
}

/** Blobs that only the export held may go. */
export async function forgetExportMessages(tx: Database, id: string): Promise<void> {
  await sql`
    with dropped as (delete from export_messages where transfer_id = ${id} returning message_id, blob)
    insert into loose_blobs (blob)
    select distinct blob from dropped d where not exists (select from messages m where m.id = d.message_id)
    on conflict (blob) do update set since = now()`.execute(tx)
}

/** Files of exports are there for a week, and what was brought in and out is told for a month. */
export async function dropPastTransfers(db: Database): Promise<void> {
  await sql`
    with past as (
      select id, blob from transfers where finished_at < now() - interval '7 days' and blob is not null for update
    ), emptied as (
      update transfers t set blob = null from past where t.id = past.id
    )
    insert into loose_blobs (blob) select distinct blob from past
    on conflict (blob) do update set since = now()`.execute(db)
  await sql`delete from transfers where finished_at < now() - interval '30 days' and blob is null`.execute(db)
}

const shown = sql`
  id, kind, state, file_name as "fileName", done::float8 as done, total::float8 as total, messages, duplicates, refused,
  error, ${isoTime('created_at')} as "createdAt"`

const columns = sql`
  ${shown}, account_id as "accountId", format, blob, size_bytes::float8 as "sizeBytes", is_copied as "isCopied", place,
  attempts`
