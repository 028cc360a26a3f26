/** A whole host for one test: real services on a database of their own, in a folder of their own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SchemaSource } from '#platform/database/database.ts'
import { testDatabase } from '#platform/database/testing.ts'
import { busSchema } from '#platform/bus/open.ts'
import { startHost, type Host } from '#platform/host/host.ts'
import { silentLogger, type Logger } from '#platform/log.ts'
import type { Service } from '#platform/service.ts'

export interface TestHostOptions {
  services: readonly Service[]
  /** All unless stated. */
  roles?: readonly string[]
  settings?: Record<string, string>
  log?: Logger
}

export type TestHost = Host & { databaseUrl: string; dataDirectory: string }

/** Ports are free ones, lines and spans are not shipped, unless `settings` says otherwise. */
export async function testHost({
  services,
  roles = [],
  settings = {},
  log = silentLogger,
}: TestHostOptions): Promise<TestHost> {
  await using stack = new AsyncDisposableStack()
  const dataDirectory = await mkdtemp(join(tmpdir(), 'dakghar-test-'))
  stack.defer(() => rm(dataDirectory, { recursive: true, force: true }))
  const databaseUrl = settings.DATABASE_URL ?? stack.use(await testDatabase(schemasOf(services))).url
  const environment = {
    NODE_ENV: 'test',
    DATA_DIR: dataDirectory,
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: '10',
    SIGNALS_URL: 'local:',
    RPC_ADDRESS: 'tcp://127.0.0.1:0',
    OPS_PORT: '0',
    PORT: '0',
    LOG_SHIP: 'false',
    ...settings,
  }
  const host = stack.use(
    await startHost({ services, roles, log, sources: { environment, vaultDirectory: '/nonexistent' } }),
  )
  const opened = stack.move()
  return { ...host, databaseUrl, dataDirectory, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

function schemasOf(services: readonly Service[]): SchemaSource[] {
  return [
    busSchema,
    ...services.flatMap(({ contract, migrations }) =>
      migrations ? [{ name: contract.name, migrations }] : [],
    ),
  ]
}
