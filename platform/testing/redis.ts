import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accepts, freePort, startServerProcess } from './server-process.ts'

export interface Redis extends AsyncDisposable {
  /** `redis://127.0.0.1:port` */
  url: string
  /** Starts it again on the same port, empty; stops it first where it runs. */
  restart(): Promise<void>
  /** SIGKILL. `restart()` brings it back. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** An empty server of the caller's own that keeps nothing on disk. Takes well under 100 ms. */
export async function startRedis(): Promise<Redis> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-'))
  const port = await freePort()
  const start = () =>
    startServerProcess({
      debianPackage: 'redis-server',
      command: 'redis-server',
      args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
      isReady: () => accepts(port),
    })

  let server = await start()
  const stop = async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    async restart() {
      await server.stop()
      server = await start()
    },
    kill: () => server.stop('SIGKILL'),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
