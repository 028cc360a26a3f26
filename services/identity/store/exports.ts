import { sql } from 'kysely'
import type { z } from 'zod'
import type { Export } from '#contracts/identity/privacy.ts'
import type { Database } from '#platform/database/database.ts'
import { isoTime } from '#platform/database/iso-time.ts'

export type ExportRow = z.output<typeof Export>

/** Waits for a part of each of the services. */
export async function insertExport(
  tx: Database,
  { id, accountId, services }: { id: string; accountId: string; services: readonly string[] },
  days: number,
): Promise<void> {
  await sql`
    insert into exports (id, account_id, expires_at)
    values (${id}, ${accountId}, now() + make_interval(days => ${days}))`.execute(tx)
  await sql`
    insert into export_parts (export_id, service) select ${id}, service from unnest(${services}::text[]) service`.execute(
    tx,
  )
}

/** Of an account, newest first; the one `only`, or all. */
export async function listExports(db: Database, accountId: string, only?: string): Promise<ExportRow[]> {
  const { rows } = await sql<ExportRow>`
    select id, case when blob_id is null then 'gathering' else 'ready' end as state,
      array(select service from export_parts
        where export_id = exports.id and arrived_at is null order by service) as "waitingFor",
      size_bytes::float8 as "sizeBytes", ${isoTime('created_at')} as "createdAt", ${isoTime('expires_at')} as "expiresAt"
    from exports
    where account_id = ${accountId} and expires_at > now() and (${only ?? null}::uuid is null or id = ${only ?? null}::uuid)
    order by id desc`.execute(db)
  return rows
}

/** Whose an export is. It stays as it is until the transaction ends. Undefined where it is not, or not any more. */
export async function lockExport(
  tx: Database,
  id: string,
): Promise<{ accountId: string; isReady: boolean } | undefined> {
  const { rows } = await sql<{ accountId: string; isReady: boolean }>`
    select account_id as "accountId", blob_id is not null as "isReady" from exports
    where id = ${id} for no key update`.execute(tx)
  return rows[0]
}

/** Gives how many parts are missing still. */
export async function putPart(
  tx: Database,
  { exportId, service, content }: { exportId: string; service: string; content: unknown },
): Promise<number> {
  await sql`
    update export_parts set content = ${JSON.stringify(content ?? null)}::jsonb, arrived_at = now()
    where export_id = ${exportId} and service = ${service}`.execute(tx)
  const { rows } = await sql<{ missing: number }>`
    select count(*)::int as missing from export_parts
    where export_id = ${exportId} and arrived_at is null`.execute(tx)
  return rows[0]!.missing
}

export async function readParts(tx: Database, exportId: string): Promise<Record<string, unknown>> {
  const { rows } = await sql<{ service: string; content: unknown }>`
    select service, content from export_parts where export_id = ${exportId} order by service`.execute(tx)
  return Object.fromEntries(rows.map(({ service, content }) => [service, content]))
}

/** The parts are in the file now. */
export async function finishExport(
  tx: Database,
  id: string,
  { blobId, sizeBytes }: { blobId: string; sizeBytes: number },
): Promise<void> {
  await sql`update exports set blob_id = ${blobId}, size_bytes = ${sizeBytes} where id = ${id}`.execute(tx)
  await sql`update export_parts set content = null where export_id = ${id}`.execute(tx)
}

export async function findExportFile(
  db: Database,
  { id, accountId }: { id: string; accountId: string },
): Promise<{ blob: string; sizeBytes: number; createdAt: string } | undefined> {
  const { rows } = await sql<{ blob: string; sizeBytes: number; createdAt: string }>`
    select blob_id as blob, size_bytes::float8 as "sizeBytes", ${isoTime('created_at')} as "createdAt"
    from exports
    where id = ${id} and account_id = ${accountId} and blob_id is not null and expires_at > now()`.execute(db)
  return rows[0]
}

export async function exportBlobsOf(tx: Database, accountId: string): Promise<string[]> {
  const { rows } = await sql<{ blob: string }>`
    select blob_id as blob from exports where account_id = ${accountId} and blob_id is not null`.execute(tx)
  return rows.map(({ blob }) => blob)
}

export async function listPastExports(db: Database): Promise<{ id: string; blob: string | null }[]> {
  const { rows } = await sql<{ id: string; blob: string | null }>`
    select id, blob_id as blob from exports where expires_at <= now()`.execute(db)
  return rows
}

export async function deleteExport(db: Database, id: string): Promise<void> {
  await sql`delete from exports where id = ${id}`.execute(db)
}
