import type { Kysely } from 'kysely'

/**
 * A service's handle: unqualified names are those of its own schema, the role is its own where the server allows it.
 * `store.ts` narrows it to its tables: `(db: Kysely<LogsTables>, …)`.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- tables are known to store.ts alone
export type Database = Kysely<any>

/** What migrations a service has: `NNNN_name.sql` files in `migrations`, run in the schema `name`. */
export interface SchemaSource {
  /** Lower case letters, digits and `_`. */
  name: string
  migrations: URL
  /** Postgres extensions its scripts use, e.g. `pg_trgm`; they are made in the schema `public`. */
  extensions?: readonly string[]
  /** Not a service's own: every service role may use its tables, and it gets no platform tables. */
  sharedWithServices?: boolean
}

/** One pool of connections to one Postgres server, shared by the services of the process. */
export interface DatabaseServer extends AsyncDisposable {
  readonly url: string
  forService(name: string): Database
  /** Runs pending migrations under an advisory lock, safe to call from many processes at once. */
  migrate(schemas: SchemaSource[]): Promise<void>
  /** Resolves when a connection answers, rejects otherwise. */
  ping(): Promise<void>
  /** Connections: open, idle, and callers waiting for one. */
  poolState(): { total: number; idle: number; waiting: number; max: number }
}
