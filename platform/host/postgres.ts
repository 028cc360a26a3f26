/** The Postgres of this installation, where the settings name no other. */
import { join } from 'node:path'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '#platform/database/embedded.ts'
import type { Logger } from '#platform/log.ts'

export interface BootedPostgres {
  /** Rejects with one clear line. */
  readonly server: Promise<EmbeddedPostgres>
  /** Resolves when a process of its own works, or has failed to. */
  readonly begun: Promise<unknown>
  /** Once there is one, it is told what Postgres says. */
  log: Logger | undefined
}

/** Begins to start it. Whoever has something else to do meanwhile, such as loading services, may do that. */
export function bootPostgres({ DATA_DIR }: { DATA_DIR: string }): BootedPostgres {
  const begun = Promise.withResolvers<void>()
  const directory = join(DATA_DIR, 'postgres')
  const server = startEmbeddedPostgres({ directory, log: () => booted.log, onBegin: begun.resolve })
  // Whoever awaits it hears of a failure.
  server.catch(() => begun.resolve())
  const booted: BootedPostgres = { server, begun: begun.promise, log: undefined }
  return booted
}
