/** Tables of lines and spans have a partition for each day (UTC). */
import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

export type Partitioned = 'lines' | 'spans'

export const dayMs = 86_400_000

/** `2026-01-31` */
export function dayOf(time: Date | number): string {
  return new Date(time).toISOString().slice(0, 10)
}

/** What a handler writes with. `db` is the service's handle outside of the transaction. */
export interface Writing {
  readonly tx: Database
  readonly db: Database
  afterCommit(action: () => void): void
}

/** Days known to have a partition. They keep it: what would belong to a dropped one is never stored. */
const known = new WeakMap<Database, Set<string>>()

/** Makes the partitions that rows of these times need. */
export async function needPartitions(writing: Writing, table: Partitioned, times: Date[]): Promise<void> {
  let made = known.get(writing.db)
  if (!made) known.set(writing.db, (made = new Set()))
  const keyOf = (day: string) => `${table} ${day}`
  const missing = [...new Set(times.map(dayOf))].filter((day) => !made.has(keyOf(day)))
  if (missing.length === 0) return
  await addPartitions(writing.tx, table, missing)
  writing.afterCommit(() => missing.forEach((day) => made.add(keyOf(day))))
}

/**
 * Makes the partitions of these days where they are missing, in the transaction, where no other is being made meanwhile.
 * Writers are not held up: attaching takes no lock that conflicts with theirs.
 */
export async function addPartitions(tx: Database, table: Partitioned, days: Iterable<string>): Promise<void> {
  await sql`lock table ${sql.table(table)} in share update exclusive mode`.execute(tx)
  const existing = new Set(await partitionDays(tx, table))
  for (const day of days) {
    if (existing.has(day)) continue
    const partition = sql.table(partitionName(table, day))
    const [from, to] = [day, dayOf(Date.parse(day) + dayMs)].map((bound) => sql.lit(`${bound} 00:00:00+00`))
    await sql`create table ${partition} (like ${sql.table(table)} including all)`.execute(tx)
    await sql`alter table ${sql.table(table)} attach partition ${partition}
      for values from (${from}) to (${to})`.execute(tx)
  }
}

/** Drops what lies wholly before `day`. Waits 2 s at most for a reader of the table, then fails. Returns the days dropped. */
export async function dropPartitionsBefore(db: Database, table: Partitioned, day: string): Promise<string[]> {
  const old = (await partitionDays(db, table)).filter((existing) => existing < day)
  for (const each of old)
    await db.transaction().execute(async (tx) => {
      await sql`set local lock_timeout = '2s'`.execute(tx)
      await sql`drop table if exists ${sql.table(partitionName(table, each))}`.execute(tx)
    })
  return old
}

export async function partitionDays(db: Database, table: Partitioned): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = ${table}::regclass order by relname`.execute(db)
  return rows.map(({ name }) => name.slice(-8).replace(/(....)(..)(..)/, '$1-$2-$3'))
}

function partitionName(table: Partitioned, day: string): string {
  return `${table}_${day.replaceAll('-', '')}`
}
