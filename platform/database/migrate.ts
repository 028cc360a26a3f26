/** Forward-only SQL migrations, one series per schema. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { Client, DatabaseError, escapeIdentifier } from 'pg'
import type { Logger } from '#platform/log.ts'
import type { SchemaSource } from './database.ts'
import { checkServiceName, createRole, roleName, type ServiceRoles } from './roles.ts'

export interface MigrateOptions {
  url: string
  schemas: SchemaSource[]
  serviceRoles: ServiceRoles
  log: Logger
}

/** Key of the advisory lock: the bytes `dakghar`. */
const lockKey = BigInt(`0x${Buffer.from('dakghar').toString('hex')}`)

const oldestMajor = 15

/** Tables of the platform that every service has in its own schema. */
export const serviceTables = new URL('./service-tables/', import.meta.url)

/**
 * Brings every schema up to date, one process at a time. Each script runs in one transaction with the row that
 * claims its number. Throws when a script fails, when an applied one has changed, or when numbers have gaps.
 */
export async function migrate({ url, schemas, serviceRoles, log }: MigrateOptions): Promise<void> {
  const series = await Promise.all(schemas.flatMap(seriesOf))
  const client = new Client({ connectionString: url, application_name: 'dakghar migrate' })
  client.on('error', () => {})
  await client.connect()
  try {
    await prepareSession(client)
    await client.query('select pg_advisory_lock($1)', [lockKey])
    await createMigrationsTable(client)
    const roles = new Map<string, string | undefined>()
    for (const { name } of schemas) roles.set(name, await createSchema(client, name, serviceRoles))
    for (const extension of new Set(schemas.flatMap((schema) => schema.extensions ?? [])))
      await client.query(`create extension if not exists ${escapeIdentifier(extension)} schema public`)
    for (const one of series) await runSeries(client, one, roles.get(one.schema), log)
    for (const { name, sharedWithServices } of schemas)
      if (sharedWithServices) await share(client, name, roles)
  } finally {
    await client.end()
  }
}

interface Script {
  number: number
  file: string
  sql: string
  sha256: string
}

/** A schema has its own scripts and the platform's, numbered apart. */
interface Series {
  schema: string
  owner: 'service' | 'platform'
  scripts: Script[]
}

function seriesOf({ name, migrations, sharedWithServices }: SchemaSource): Promise<Series>[] {
  const schema = checkServiceName(name)
  const own = readScripts(migrations).then((scripts): Series => ({ schema, owner: 'service', scripts }))
  if (sharedWithServices) return [own]
  return [readScripts(serviceTables).then((scripts) => ({ schema, owner: 'platform', scripts })), own]
}

/** `NNNN_name.sql`, numbered 1, 2, 3, … */
export async function readScripts(directory: URL): Promise<Script[]> {
  const folder = new URL(`${directory.href.replace(/\/$/, '')}/`)
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()
  return Promise.all(
    files.map(async (file, index) => {
      const number = Number(/^(\d{4})_[a-z0-9_-]+\.sql$/.exec(file)?.[1])
      if (number !== index + 1)
        throw new Error(`${folder.pathname}${file}: expected ${String(index + 1).padStart(4, '0')}_name.sql`)
      const sql = await readFile(new URL(file, folder), 'utf8')
      return { number, file, sql, sha256: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

async function prepareSession(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  )
  const major = Math.floor((rows[0]?.version ?? 0) / 10_000)
  if (major < oldestMajor) throw new Error(`PostgreSQL ${oldestMajor} or newer is needed, this is ${major}`)
  await client.query('set client_min_messages = warning; set statement_timeout = 0; set lock_timeout = 0')
}

async function createMigrationsTable(client: Client): Promise<void> {
  await client.query(`
    create schema if not exists platform;
    create table if not exists platform.migrations (
      schema_name text not null,
      owner text not null check (owner in ('service', 'platform')),
      number int not null,
      file text not null,
      sha256 text not null,
      applied_at timestamptz not null default now(),
      primary key (schema_name, owner, number)
    )`)
}

/** Returns the service's role when it owns the schema. */
async function createSchema(
  client: Client,
  schema: string,
  serviceRoles: ServiceRoles,
): Promise<string | undefined> {
  const role = roleName(schema)
  const hasRole = serviceRoles !== false && (await createRole(client, role))
  await client.query(`create schema if not exists ${schema} ${hasRole ? `authorization ${role}` : ''}`)
  const { rows } = await client.query<{ owner: string }>(
    'select pg_get_userbyid(nspowner) as owner from pg_namespace where nspname = $1',
    [schema],
  )
  const isOwner = rows[0]?.owner === role
  if (serviceRoles === true && !(hasRole && isOwner))
    throw new Error(`The role ${role} does not own the schema ${schema}`)
  return hasRole && isOwner ? role : undefined
}

async function runSeries(
  client: Client,
  { schema, owner, scripts }: Series,
  role: string | undefined,
  log: Logger,
): Promise<void> {
  const { rows } = await client.query<{ number: number; file: string; sha256: string }>(
    'select number, file, sha256 from platform.migrations where schema_name = $1 and owner = $2 order by number',
    [schema, owner],
  )
  for (const applied of rows) {
    const script = scripts[applied.number - 1]
    if (!script)
      log.warn({ schema, file: applied.file }, 'the database has a migration that this program does not know')
    else if (script.sha256 !== applied.sha256)
      throw new Error(`${schema}: ${script.file} has changed since it was applied (as ${applied.file})`)
  }
  for (const script of scripts.slice(rows.length)) {
    await runScript(client, { schema, owner, role, script })
    log.info({ schema, file: script.file }, 'migrated')
  }
}

async function runScript(
  client: Client,
  { schema, owner, role, script }: Omit<Series, 'scripts'> & { role: string | undefined; script: Script },
): Promise<void> {
  try {
    await client.query('begin')
    await client.query(
      'insert into platform.migrations (schema_name, owner, number, file, sha256) values ($1, $2, $3, $4, $5)',
      [schema, owner, script.number, script.file, script.sha256],
    )
    await client.query(`set local role ${role ?? 'none'}; set local search_path to ${schema}, public`)
    await client.query(script.sql)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw new Error(`${schema}/${script.file}${lineOf(error, script.sql)}: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function lineOf(error: unknown, sql: string): string {
  if (!(error instanceof DatabaseError) || error.position === undefined) return ''
  return `:${[...sql].slice(0, Number(error.position)).filter((character) => character === '\n').length + 1}`
}

/** Lets every service role use the tables of the schema, those of later migrations too. */
async function share(client: Client, schema: string, roles: Map<string, string | undefined>): Promise<void> {
  const owner = roles.get(schema)
  for (const role of roles.values()) {
    if (role === undefined || role === owner) continue
    const { rows } = await client.query<{ isShared: boolean }>(
      `select has_schema_privilege($1, $2, 'usage') as "isShared"`,
      [role, schema],
    )
    if (rows[0]?.isShared) continue
    const later = `alter default privileges ${owner ? `for role ${owner}` : ''} in schema ${schema}`
    await client.query(`begin;
      grant usage on schema ${schema} to ${role};
      grant select, insert, update, delete on all tables in schema ${schema} to ${role};
      grant usage on all sequences in schema ${schema} to ${role};
      ${later} grant select, insert, update, delete on tables to ${role};
      ${later} grant usage on sequences to ${role};
      commit`)
  }
}
