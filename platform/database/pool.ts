import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely, PostgresDialect } from 'kysely'
import { Pool, type PoolClient, type Client } from 'pg'
import { standardError, type CallError } from '#contracts/errors.ts'
import { silentLogger, type Logger } from '#platform/log.ts'
import type { Database, DatabaseServer } from './database.ts'
import { migrate } from './migrate.ts'
import { checkServiceName, type ServiceRoles } from './roles.ts'
import { shareByServices } from './service-connections.ts'
import { parsers } from './types.ts'

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database`, PostgreSQL 15 or newer. */
  url: string
  poolSize?: number
  maxLifetimeSeconds?: number
  /** How long one statement may run; migrations may run longer. */
  statementTimeoutMs?: number
  /** How long a caller waits for a connection, a new one or another caller's. */
  connectionTimeoutMs?: number
  /** Shown in `pg_stat_activity`. */
  applicationName?: string
  serviceRoles?: ServiceRoles
  log?: Logger
}

const closeTimeoutMs = 5000
const networkGraceMs = 2000

/** Opens no connection yet. Disposing waits 5 s for running statements, then cuts them. */
export function openDatabase(options: DatabaseOptions): DatabaseServer {
  const { url, poolSize = 25, applicationName = 'dakghar' } = options
  const { statementTimeoutMs = 30_000, serviceRoles = 'auto', log = silentLogger } = options
  const pool = new Pool({
    connectionString: url,
    application_name: applicationName,
    max: poolSize,
    maxLifetimeSeconds: options.maxLifetimeSeconds ?? 300,
    idleTimeoutMillis: 60_000,
    connectionTimeoutMillis: options.connectionTimeoutMs ?? 5000,
    statement_timeout: statementTimeoutMs,
    // The server cancels a statement itself, unless the network swallows what it says.
    query_timeout: statementTimeoutMs + networkGraceMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: parsers,
  })
  const clients = new Set<PoolClient>()
  pool.on('error', (error) => log.warn({ error: error.message }, 'an idle database connection was lost'))
  pool.on('connect', (client) => {
    clients.add(client)
    // A connection lost while it is checked out and idle emits `error`, which nobody else hears.
    client.on('error', () => {})
  })
  pool.on('remove', (client) => clients.delete(client))

  const services = new Map<string, Database>()
  const servicePools = shareByServices(pool, serviceRoles)
  return {
    url,
    forService(name) {
      const known = services.get(name)
      if (known) return known
      const made = new Kysely({
        dialect: new PostgresDialect({ pool: servicePools(checkServiceName(name)) }),
      })
      services.set(name, made)
      return made
    },
    migrate: (schemas) => migrate({ url, schemas, serviceRoles, log }),
    ping: async () => {
      await pool.query('select 1')
    },
    poolState: () => ({
      total: pool.totalCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
      max: poolSize,
    }),
    async [Symbol.asyncDispose]() {
      const patience = new AbortController()
      await Promise.race([pool.end(), sleep(closeTimeoutMs, undefined, patience)])
      patience.abort()
      await Promise.all([...clients].map((client) => (client as unknown as Client).end()))
    },
  }
}

/** Asks until the server answers. Rejects with one line that names the server. */
export async function connectWithRetry(
  server: DatabaseServer,
  { tries = 5, delayMs = 2000, log = silentLogger }: { tries?: number; delayMs?: number; log?: Logger } = {},
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await server.ping()
      return
    } catch (error) {
      const line = `Postgres at ${withoutPassword(server.url)} does not answer: ${reasonOf(error)}`
      if (attempt === tries) throw new Error(`${line} (${tries} tries)`, { cause: error })
      log.warn(line)
      await sleep(delayMs)
    }
  }
}

/** `unavailable` for an error that means the database is away or overloaded; undefined for every other. */
export function databaseFailure(error: unknown): CallError | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error ? String(error.code) : ''
  if (unavailable.has(code)) return standardError('unavailable', unavailable.get(code), { retryAfterSeconds })
  if (connectionException.test(code) || networkCodes.has(code) || lostConnection.test(error.message))
    return standardError('unavailable', 'The database does not answer.', { retryAfterSeconds })
  return undefined
}

/** The URL of a database as it may be shown. */
function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return '(not a URL)'
  const shown = new URL(url)
  shown.password = ''
  shown.search = ''
  return shown.href
}

/** Node reports a host with several addresses as an AggregateError without a message. */
function reasonOf(error: unknown): string {
  return error instanceof AggregateError ? error.errors.map(reasonOf).join(', ') : (error as Error).message
}

/** SQLSTATE codes, PostgreSQL Appendix A, of a server that is away, full or too slow. */
const unavailable = new Map([
  ['25006', 'The database is read-only.'],
  ['53100', 'The database has no disk space left.'],
  ['53200', 'The database is out of memory.'],
  ['53300', 'The database has no connection left.'],
  ['57014', 'The database took too long.'],
  ['57P01', 'The database is shutting down.'],
  ['57P02', 'The database is restarting.'],
  ['57P03', 'The database is starting.'],
])

/** SQLSTATE class 08 but for protocol_violation, which is a bug of ours. */
const connectionException = /^08(?!P01)/

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])

/** What `pg` and its pool say without a code. */
const lostConnection =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed)/

const retryAfterSeconds = 2
