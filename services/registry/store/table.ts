/** The table as everybody sees it, and its revisions. */
import { sql } from 'kysely'
import { isoTime } from '#platform/database/iso-time.ts'
import type { Instance } from '#contracts/registry.ts'
import type { Database } from '#platform/database/database.ts'
import type { Place, Reading } from '#platform/replica/source.ts'

/** How long instances have to come back after their registry, or the whole table, was lost. */
export const graceSeconds = 10

/** Takes the next revision. Others that change the table wait until the transaction ends. */
export async function nextRevision(tx: Database): Promise<number> {
  const { rows } = await sql<{ revision: number }>`
    update head set revision = revision + 1 returning revision`.execute(tx)
  return rows[0]!.revision
}

/** Runs in a transaction, the caller's if that is one, that has taken the next revision. */
export function change<T>(db: Database, work: (tx: Database, revision: number) => Promise<T>): Promise<T> {
  const run = async (tx: Database) => work(tx, await nextRevision(tx))
  return db.isTransaction ? run(db) : db.transaction().execute(run)
}

/** What changed since that place, or the whole table. A table that was begun anew is not complete for a while. */
export async function readTable(db: Database, since: Place | undefined): Promise<Reading<Instance>> {
  const { epoch = null, revision = null } = since ?? {}
  // One statement sees one moment.
  const { rows } = await sql<Reading<Instance>>`
    with place as (
      select epoch, revision, epoch_began_at < now() - make_interval(secs => ${graceSeconds}) as "isComplete",
        epoch is distinct from ${epoch}::uuid or ${revision}::bigint not between forgotten_revision and revision
          as "isWhole"
      from head
    ), changed as (
      select * from instances, place
      where case when "isWhole" then removed_at is null else instances.revision > ${revision}::bigint end
    )
    select place.epoch, place.revision, "isComplete", "isWhole",
      coalesce((select json_agg(${shown}) from changed as i where removed_at is null), '[]') as put,
      coalesce((select json_agg(id) from changed where removed_at is not null), '[]') as removed
    from place`.execute(db)
  return rows[0]!
}

export async function showInstance(db: Database, id: string): Promise<Instance | undefined> {
  const { rows } = await sql<{ instance: Instance }>`
    select ${shown} as instance from instances as i where id = ${id} and removed_at is null`.execute(db)
  return rows[0]?.instance
}

/** Gives the ids of those that were there. With `holderId` only what that registry holds. */
export async function removeInstances(
  db: Database,
  ids: readonly string[],
  { holderId }: { holderId?: string } = {},
): Promise<string[]> {
  if (ids.length === 0) return []
  return change(db, async (tx, revision) => {
    const { rows } = await sql<{ id: string }>`
      update instances set removed_at = now(), revision = ${revision}
      where id = any(${ids}::uuid[]) and removed_at is null
        and (${holderId ?? null}::uuid is null or holder_id = ${holderId ?? null}::uuid)
      returning id`.execute(tx)
    return rows.map(({ id }) => id)
  })
}

/** In the transaction of the caller; gives the revision. */
export async function weighVersions(
  tx: Database,
  service: string,
  weights: Readonly<Record<string, number>>,
): Promise<number> {
  const revision = await nextRevision(tx)
  await sql`delete from weights where service = ${service}`.execute(tx)
  await sql`
    insert into weights (service, version, weight)
    select ${service}, key, value::int from json_each_text(${JSON.stringify(weights)}::json)`.execute(tx)
  await sql`
    update instances set revision = ${revision}
    where removed_at is null and services @> ${JSON.stringify([{ name: service }])}::jsonb`.execute(tx)
  return revision
}

/** What was removed long ago is forgotten; so are registries that hold nothing. */
export async function forgetRemoved(db: Database): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`select from head for update`.execute(tx)
    await sql`
      with forgotten as (
        delete from instances where removed_at < now() - interval '1 hour' returning revision
      )
      update head set forgotten_revision = greatest(forgotten_revision, (select max(revision) from forgotten))`.execute(
      tx,
    )
    await sql`
      delete from registries where seen_at < now() - interval '1 hour'
        and not exists (select from instances where holder_id = registries.id)`.execute(tx)
  })
}

/** As the contract's `Instance` says, of a row `i`. */
const shown = sql`json_build_object(
  'id', i.id,
  'services', (
    select json_agg(json_build_object('name', s ->> 'name', 'roles', s -> 'roles', 'weight', weights.weight)
      order by position)
    from jsonb_array_elements(i.services) with ordinality as named (s, position)
    left join weights on weights.service = s ->> 'name' and weights.version = i.version),
  'address', i.address,
  'version', i.version,
  'state', case when i.state = 'ready' and i.is_down then 'down' else i.state end,
  'proxied', case when i.path_prefix is not null
    then json_build_object('pathPrefix', i.path_prefix, 'healthPath', i.health_path) end,
  'registeredAt', ${isoTime('i.registered_at')})`
