/** What the services of a process share: database, bus, cache, blobs, signals. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { blobStores, type BlobStores } from '#platform/blobs/stores.ts'
import type { Bus } from '#platform/bus/bus.ts'
import { busSchema, openBus } from '#platform/bus/open.ts'
import type { Cache } from '#platform/cache/cache.ts'
import { openCache } from '#platform/cache/open.ts'
import type { DatabaseServer } from '#platform/database/database.ts'
import { connectWithRetry, openDatabase } from '#platform/database/pool.ts'
import type { Logger } from '#platform/log.ts'
import { gauge } from '#platform/metrics.ts'
import type { Service } from '#platform/service.ts'
import { openSignals } from '#platform/signals/open.ts'
import type { Signals } from '#platform/signals/signals.ts'
import { bootPostgres, type BootedPostgres } from './postgres.ts'
import type { Values } from './settings.ts'

export interface Resources extends AsyncDisposable {
  database: DatabaseServer
  bus: Bus
  cache: Cache
  blobs: BlobStores
  signals: Signals
  /** Hard dependencies, as `/ready` asks for them: undefined is well. */
  checks: Record<string, () => Promise<string | undefined>>
}

/** Opens everything and brings the schemas of all services up to date. Rejects with one clear line. */
export async function openResources(
  settings: Values,
  services: readonly Service[],
  log: Logger,
  booted: BootedPostgres | undefined,
): Promise<Resources> {
  await using stack = new AsyncDisposableStack()
  const url = settings.DATABASE_URL ?? (await embeddedUrl(booted ?? bootPostgres(settings), log, stack))
  const database = stack.use(
    openDatabase({
      url,
      poolSize: settings.DATABASE_POOL_SIZE,
      statementTimeoutMs: settings.DATABASE_STATEMENT_TIMEOUT_MS,
      serviceRoles: settings.DATABASE_ROLES === 'auto' ? 'auto' : settings.DATABASE_ROLES === 'on',
      log,
    }),
  )
  await connectWithRetry(database, { log })
  await database.migrate([
    busSchema,
    ...services.flatMap(({ contract, migrations }) =>
      migrations ? [{ name: contract.name, migrations }] : [],
    ),
  ])
  watchPool(database)
  const signals = stack.use(await openSignals(signalsUrl(settings, url), { log }))
  const cache = stack.use(await openCache(settings.CACHE_URL, { log }))
  const blobsUrl = settings.BLOBS_URL ?? pathToFileURL(resolve(settings.DATA_DIR, 'blobs')).href
  const blobOptions = {
    ...(settings.BLOBS_KEY !== undefined && { encryptionKey: Buffer.from(settings.BLOBS_KEY, 'base64') }),
  }
  const blobs = stack.use(blobStores(blobsUrl, blobOptions))
  const bus = stack.use(await openBus(settings.BUS_URL, { database, signals, log }))
  const opened = stack.move()
  return {
    database,
    bus,
    cache,
    blobs,
    signals,
    checks: {
      database: () =>
        database.ping().then(
          () => undefined,
          () => 'does not answer',
        ),
      bus: async () => bus.problem(),
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

async function embeddedUrl(
  booted: BootedPostgres,
  log: Logger,
  stack: AsyncDisposableStack,
): Promise<string> {
  booted.log = log
  return stack.use(await booted.server).url
}

function signalsUrl({ SIGNALS_URL, CACHE_URL, DATABASE_URL }: Values, databaseUrl: string): string {
  if (SIGNALS_URL === 'postgres:') return databaseUrl
  return (
    SIGNALS_URL ??
    (CACHE_URL.startsWith('redis') ? CACHE_URL : DATABASE_URL === undefined ? 'local:' : databaseUrl)
  )
}

function watchPool(database: DatabaseServer): void {
  gauge(
    'dakghar_database_connections',
    'Connections of the pool and callers waiting for one.',
    ['state'],
    (metric) => {
      const { total, idle, waiting, max } = database.poolState()
      metric.set({ state: 'used' }, total - idle)
      metric.set({ state: 'idle' }, idle)
      metric.set({ state: 'waiting' }, waiting)
      metric.set({ state: 'max' }, max)
    },
  )
}
