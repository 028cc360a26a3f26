/** Tables that are pushed to every gateway: their revisions, and what has changed since one. */
import { sql, type RawBuilder } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import type { Place, Reading } from '#platform/replica/source.ts'
import type { ReplicaRow } from '#platform/replica/table.ts'

export interface PushedTable<Row extends ReplicaRow> {
  /** For one change. Others that change the table wait until the transaction ends. */
  nextRevision(tx: Database): Promise<number>
  /** What has changed since, or everything where that is not known. */
  read(db: Database, since: Place | undefined): Promise<Reading<Row>>
  /** Drops what was removed so long ago. */
  forget(db: Database, days: number): Promise<void>
}

/**
 * Rows of `table` have a `revision`, and a `removed_at` unless they are `kept` for ever; `columns` are those of a row
 * as followers get it, the `id` first.
 */
export function pushedTable<Row extends ReplicaRow>(
  table: string,
  columns: RawBuilder<unknown>,
  { isKept = false } = {},
): PushedTable<Row> {
  const rowsOf = sql.table(table)
  const isRemoved = isKept ? sql`false` : sql`removed_at is not null`

  return {
    async nextRevision(tx) {
      const { rows } = await sql<{ revision: number }>`
        update pushed_tables set revision = revision + 1 where name = ${table} returning revision`.execute(tx)
      return rows[0]!.revision
    },
    async read(db, since) {
      const { rows } = await sql<Changed<Row>>`
        select head.epoch, head.revision as head, head.is_whole as "isWhole", changed.*
        from (
          select *, (epoch = ${since?.epoch ?? null}::uuid and forgotten <= ${since?.revision ?? 0}) is not true as is_whole
          from pushed_tables where name = ${table}
        ) as head
        left join lateral (
          select ${isRemoved} as "isRemoved", ${columns} from ${rowsOf}
          where case when head.is_whole then not ${isRemoved}
            else ${rowsOf}.revision > ${since?.revision ?? 0} end
        ) as changed on true`.execute(db)
      const { epoch, head: revision, isWhole } = rows[0]!
      const changed = rows.filter(({ id }) => id !== null)
      return {
        epoch,
        revision,
        isWhole,
        put: changed.filter((row) => !row.isRemoved).map(rowOf),
        removed: changed.filter((row) => row.isRemoved).map(({ id }) => id),
        isComplete: true,
      }
    },
    async forget(db, days) {
      await sql`
        with forgotten as (
          delete from ${rowsOf} where removed_at < now() - make_interval(days => ${days}) returning revision
        )
        update pushed_tables set forgotten = greatest(forgotten, (select max(revision) from forgotten))
        where name = ${table} and exists (select from forgotten)`.execute(db)
    },
  }
}

/** One row of the table, or null fields where none has changed, beside how the table stands. */
type Changed<Row> = Row & { epoch: string; head: number; isWhole: boolean; isRemoved: boolean }

function rowOf<Row>({ epoch: _e, head: _h, isWhole: _w, isRemoved: _r, ...row }: Changed<Row>): Row {
  return row as unknown as Row
}
