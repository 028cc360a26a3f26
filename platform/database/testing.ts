/** Databases for tests: real, migrated, a new one for each that asks. */
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { Client } from 'pg'
import { silentLogger } from '#platform/log.ts'
import type { DatabaseServer, SchemaSource } from './database.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded.ts'
import { migrate, readScripts, serviceTables } from './migrate.ts'
import { openDatabase, type DatabaseOptions } from './pool.ts'

/** How long connections may take to close before they count as leaked. */
const leakTimeoutMs = 1000

type TestDatabaseOptions = Partial<Omit<DatabaseOptions, 'url'>>

/**
 * A new database with these schemas migrated, on the server `TEST_DATABASE_URL`, or else on one that this process
 * starts. Disposing drops it, and throws when a pool client was not released or a connection other than the
 * pool's is still open: `await using db = await testDatabase([…])`.
 */
export async function testDatabase(
  schemas: SchemaSource[],
  options: TestDatabaseOptions = {},
): Promise<DatabaseServer> {
  const serverUrl = process.env.TEST_DATABASE_URL ?? (await serverOfThisProcess()).url
  const template = await migratedTemplate(serverUrl, schemas, options)
  const name = `dakghar_test_${process.pid}_${randomBytes(4).toString('hex')}`
  await asAdmin(serverUrl, (admin) =>
    admin.query(`create database ${name} template ${template} strategy file_copy`),
  )
  const server = openDatabase({ poolSize: 10, ...options, url: urlOf(serverUrl, name) })
  return { ...server, [Symbol.asyncDispose]: () => dropDatabase(serverUrl, name, server) }
}

/** A schema of these scripts, `0001_test.sql`, `0002_test.sql`, …, in a folder that goes when the process exits. */
export function testSchema(name: string, ...scripts: string[]): SchemaSource {
  const folder = mkdtempSync(join(tmpdir(), 'dakghar-test-schema-'))
  if (folders.length === 0)
    process.once('exit', () => folders.forEach((each) => rmSync(each, { recursive: true, force: true })))
  folders.push(folder)
  for (const [index, script] of scripts.entries())
    writeFileSync(join(folder, `${String(index + 1).padStart(4, '0')}_test.sql`), script)
  return { name, migrations: pathToFileURL(folder) }
}

/** A Postgres that forgets everything when it stops, and stops with this process. */
export async function startTestServer(): Promise<EmbeddedPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'dakghar-test-postgres-'))
  const server = await startEmbeddedPostgres({ directory, isDurable: false })
  // Gets the lock when this process and Postgres are gone, so that a killed test leaves no files either.
  const remove = ['rm', '-rf', directory]
  spawn('flock', [join(directory, 'lock'), ...remove], { detached: true, stdio: 'ignore' })
    .on('error', () => {})
    .unref()
  const stop = async () => {
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  }
  return { url: server.url, stop, [Symbol.asyncDispose]: stop }
}

const folders: string[] = []
let ownServer: Promise<EmbeddedPostgres> | undefined

function serverOfThisProcess(): Promise<EmbeddedPostgres> {
  if (ownServer) return ownServer
  const starting = startTestServer()
  process.once('beforeExit', () => void starting.then((server) => server.stop()))
  return (ownServer = starting)
}

/** Made by whichever process is first; its name tells its content. */
async function migratedTemplate(
  serverUrl: string,
  schemas: SchemaSource[],
  { serviceRoles = 'auto', log = silentLogger }: TestDatabaseOptions,
): Promise<string> {
  const scripts = await Promise.all(
    [serviceTables, ...schemas.map((schema) => schema.migrations)].map(readScripts),
  )
  const names = schemas.map(({ name, extensions, sharedWithServices }) => [
    name,
    extensions,
    sharedWithServices,
  ])
  const state = JSON.stringify([scripts, names, serviceRoles])
  const name = `dakghar_template_${createHash('sha256').update(state).digest('hex').slice(0, 24)}`
  await asAdmin(serverUrl, async (admin) => {
    const exists = async () =>
      (await admin.query('select from pg_database where datname = $1', [name])).rowCount === 1
    if (await exists()) return
    await admin.query('select pg_advisory_lock(hashtextextended($1, 0))', [name])
    if (await exists()) return
    const draft = `${name}_draft`
    await admin.query(`drop database if exists ${draft}`)
    await admin.query(`create database ${draft}`)
    await migrate({ url: urlOf(serverUrl, draft), schemas, serviceRoles, log })
    await admin.query(`alter database ${draft} rename to ${name}`)
  })
  return name
}

async function dropDatabase(serverUrl: string, name: string, server: DatabaseServer): Promise<void> {
  const unreleased = await settled(async () => {
    const { total, idle } = server.poolState()
    return Array.from({ length: total - idle }, () => 'a connection was not released to the pool')
  })
  await server[Symbol.asyncDispose]()
  await asAdmin(serverUrl, async (admin) => {
    const open = await settled(async () => {
      const { rows } = await admin.query<{ what: string }>(
        `select format('a connection was left open (%s): %s', application_name, query) as what
         from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
        [name],
      )
      return rows.map((row) => row.what)
    })
    await admin.query(`drop database ${name} with (force)`)
    const leaks = [...unreleased, ...open]
    if (leaks.length > 0) throw new Error(leaks.join('\n'))
  })
}

/** What is still there after a second, or nothing as soon as nothing is. */
async function settled(find: () => Promise<string[]>): Promise<string[]> {
  const giveUpAt = Date.now() + leakTimeoutMs
  for (;;) {
    const found = await find()
    if (found.length === 0 || Date.now() > giveUpAt) return found
    await sleep(20)
  }
}

async function asAdmin<T>(serverUrl: string, work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: serverUrl, application_name: 'dakghar testing' })
  admin.on('error', () => {})
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}
