/** Instances of other people's services, and what probes find out about all. */
import { sql } from 'kysely'
import type { z } from 'zod'
import type { ForeignInstance } from '#contracts/registry.ts'
import type { Database } from '#platform/database/database.ts'
import { change, nextRevision } from './table.ts'

export type Foreign = z.output<typeof ForeignInstance>

/** In the transaction of the caller. False for an id that was removed. */
export async function putForeign(
  tx: Database,
  { id, leaseSeconds, ...foreign }: Foreign & { id: string; leaseSeconds: number },
): Promise<boolean> {
  const { service, address, version, pathPrefix, healthPath } = foreign
  const services = servicesOf(service)
  const { rows: renewed } = await sql`
    update instances set renewed_at = now(), lease_seconds = ${leaseSeconds}
    where id = ${id} and removed_at is null and services = ${services}::jsonb and address = ${address}
      and version = ${version} and path_prefix = ${pathPrefix} and health_path = ${healthPath}
    returning id`.execute(tx)
  if (renewed.length > 0) return true
  const revision = await nextRevision(tx)
  const { rows: put } = await sql`
    insert into instances
      (id, revision, services, address, version, state, path_prefix, health_path, lease_seconds)
    values (${id}, ${revision}, ${services}::jsonb, ${address}, ${version}, 'starting', ${pathPrefix},
      ${healthPath}, ${leaseSeconds})
    on conflict (id) do update set revision = excluded.revision, services = excluded.services,
      address = excluded.address, version = excluded.version, state = 'starting',
      path_prefix = excluded.path_prefix, health_path = excluded.health_path,
      lease_seconds = excluded.lease_seconds, renewed_at = now()
    where instances.removed_at is null and instances.path_prefix is not null
    returning id`.execute(tx)
  return put.length > 0
}

/** Those whose renewal is overdue, though this registry was there to take it. */
export async function lapsedForeign(db: Database, holderId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select instances.id from instances, registries as me
    where me.id = ${holderId} and removed_at is null
      and greatest(renewed_at, me.since) + make_interval(secs => lease_seconds) < now()`.execute(db)
  return rows.map(({ id }) => id)
}

/** Makes the instances of the static file those given. Gives whether anything changed. */
export async function syncFile(db: Database, wanted: readonly Foreign[]): Promise<boolean> {
  return change(db, async (tx, revision) => {
    const { rows: known } = await sql<Foreign & { id: string }>`
      select id, services -> 0 ->> 'name' as service, address, version, path_prefix as "pathPrefix",
        health_path as "healthPath"
      from instances where is_from_file and removed_at is null`.execute(tx)
    const missing = wanted.filter((one) => !known.some((other) => isSame(one, other)))
    const gone = known.filter((one) => !wanted.some((other) => isSame(one, other)))
    await sql`
      update instances set removed_at = now(), revision = ${revision}
      where id = any(${gone.map(({ id }) => id)}::uuid[])`.execute(tx)
    for (const { service, address, version, pathPrefix, healthPath } of missing)
      await sql`
        insert into instances
          (id, revision, services, address, version, state, path_prefix, health_path, is_from_file)
        values (gen_random_uuid(), ${revision}, ${servicesOf(service)}::jsonb, ${address}, ${version},
          'starting', ${pathPrefix}, ${healthPath}, true)`.execute(tx)
    return missing.length + gone.length > 0
  })
}

export interface Probed {
  id: string
  address: string
  healthPath: string | null
  state: string
  isDown: boolean
}

/** Everything that should answer. */
export async function listProbed(db: Database): Promise<Probed[]> {
  const { rows } = await sql<Probed>`
    select id, address, health_path as "healthPath", state, is_down as "isDown" from instances
    where removed_at is null and (state = 'ready' or path_prefix is not null)`.execute(db)
  return rows
}

/** A foreign instance that answers is ready. */
export async function setHealth(db: Database, { up, down }: { up: string[]; down: string[] }): Promise<void> {
  await change(db, async (tx, revision) => {
    await sql`
      update instances set is_down = id = any(${down}::uuid[]), revision = ${revision},
        state = case when path_prefix is not null and id = any(${up}::uuid[]) then 'ready' else state end
      where id = any(${[...up, ...down]}::uuid[]) and removed_at is null`.execute(tx)
  })
}

function servicesOf(service: string): string {
  return JSON.stringify([{ name: service, roles: ['api'] }])
}

function isSame(one: Foreign, other: Foreign): boolean {
  return (['service', 'address', 'version', 'pathPrefix', 'healthPath'] as const).every(
    (field) => one[field] === other[field],
  )
}
