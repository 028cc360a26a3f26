/** Instances of ours, and which registry holds the lease of each. */
import { sql } from 'kysely'
import type { z } from 'zod'
import type { registry } from '#contracts/registry.ts'
import type { Database } from '#platform/database/database.ts'
import { change, graceSeconds, nextRevision } from './table.ts'

export type Announced = z.output<typeof registry.streams.lease.input>

/** A registry unseen for so long holds nothing any more. */
const unseenSeconds = 3

/** Makes a registry known. A table without instances begins a new epoch: it may have been lost. */
export async function openRegistry(db: Database, holderId: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`
      update head set epoch = gen_random_uuid(), epoch_began_at = now()
      where not exists (select from instances where removed_at is null)`.execute(tx)
    await touchRegistry(tx, holderId)
  })
}

/** Says that a registry still sees the database. */
export async function touchRegistry(db: Database, holderId: string): Promise<void> {
  await sql`
    insert into registries (id) values (${holderId})
    on conflict (id) do update set seen_at = now(), since = case
      when registries.seen_at < now() - make_interval(secs => ${unseenSeconds}) then now()
      else registries.since end`.execute(db)
}

/**
 * Gives the revision of the registration, undefined for an id that was removed. One that another registry held goes on
 * unchanged. Whoever else is at the address is gone: two processes can't listen there.
 */
export async function registerInstance(
  db: Database,
  { id, services, address, version, state }: Announced,
  holderId: string,
): Promise<number | undefined> {
  const named = JSON.stringify(services)
  return db.transaction().execute(async (tx) => {
    const { rows: adopted } = await sql<{ revision: number }>`
      update instances set holder_id = ${holderId}
      where id = ${id} and removed_at is null and services = ${named}::jsonb and address = ${address}
        and version = ${version} and state = ${state}
      returning revision`.execute(tx)
    if (adopted[0]) return adopted[0].revision

    const revision = await nextRevision(tx)
    const { rows: put } = await sql`
      insert into instances (id, revision, services, address, version, state, holder_id)
      values (${id}, ${revision}, ${named}::jsonb, ${address}, ${version}, ${state}, ${holderId})
      on conflict (id) do update set revision = excluded.revision, services = excluded.services,
        address = excluded.address, version = excluded.version, state = excluded.state,
        holder_id = excluded.holder_id
      where instances.removed_at is null
      returning id`.execute(tx)
    if (put.length === 0) return undefined
    await sql`
      update instances set removed_at = now(), revision = ${revision}
      where address = ${address} and id <> ${id} and removed_at is null and path_prefix is null`.execute(tx)
    return revision
  })
}

/** Gives the revision, undefined when the registry does not hold the instance. */
export function setState(
  db: Database,
  id: string,
  state: Announced['state'],
  holderId: string,
): Promise<number | undefined> {
  return change(db, async (tx, revision) => {
    const { rows } = await sql`
      update instances set state = ${state}, revision = ${revision}
      where id = ${id} and holder_id = ${holderId} and removed_at is null returning id`.execute(tx)
    return rows.length > 0 ? revision : undefined
  })
}

/** Instance and address. */
export interface Held {
  id: string
  address: string
}

/** Of these, what the registry holds. */
export async function heldBy(db: Database, holderId: string, ids: readonly string[]): Promise<Held[]> {
  const { rows } = await sql<Held>`
    select id, address from instances
    where id = any(${ids}::uuid[]) and holder_id = ${holderId} and removed_at is null`.execute(db)
  return rows
}

/**
 * Gives the registry those whose own has been gone for the time of grace, in which this one could have taken their
 * leases.
 */
export async function adoptOrphans(db: Database, holderId: string): Promise<Held[]> {
  const { rows } = await sql<Held>`
    update instances set holder_id = me.id
    from registries as former, registries as me
    where me.id = ${holderId} and former.id = holder_id and former.id <> me.id and removed_at is null
      and greatest(former.seen_at, me.since) < now() - make_interval(secs => ${graceSeconds})
    returning instances.id, address`.execute(db)
  return rows
}
