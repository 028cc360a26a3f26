/** The Postgres process of the embedded server. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Logger } from '#platform/log.ts'

const portTries = 5

/** For a small machine that also runs everything else. */
export function settings(isDurable: boolean): string[] {
  const values = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: '64MB',
    jit: 'off',
    fsync: isDurable ? 'on' : 'off',
    synchronous_commit: isDurable ? 'on' : 'off',
    full_page_writes: isDurable ? 'on' : 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    // Failed statements are told to the client; here they would be told twice.
    log_min_messages: 'log',
    log_line_prefix: '',
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

export interface Server {
  process: ChildProcess
  /** Resolves when it accepts connections, rejects with its own words when it exits before. */
  ready: Promise<void>
  exited: Promise<void>
}

interface ServerOptions {
  command: string[]
  port: number
  lock: number
  log: () => Logger | undefined
}

export function startServer({ command, port, lock, log }: ServerOptions): Server {
  const [file = '', ...args] = [...command, '-p', String(port)]
  // Its own process group: Ctrl-C in a terminal reaches this process alone, which stops Postgres last.
  const child = spawn(file, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe', lock] })
  const exited = new Promise<void>((resolve) =>
    child.once('exit', () => resolve()).once('error', () => resolve()),
  )
  const stderr = child.stderr as Socket
  const ready = new Promise<void>((resolve, reject) => {
    const said: string[] = []
    createInterface(stderr).on('line', (line) => {
      if (/^(FATAL|PANIC):/.test(line)) log()?.warn({ postgres: line }, 'Postgres says')
      else log()?.debug({ postgres: line }, 'Postgres says')
      if (said.length < 20 && !line.startsWith('LOG:')) said.push(line.trim())
      if (!line.includes('ready to accept connections')) return
      child.unref()
      stderr.unref()
      resolve()
    })
    child.once('error', reject)
    child.once('close', () => reject(new Error(`Postgres did not start: ${said.join(' ')}`)))
  })
  return { process: child, ready, exited }
}

/** A free port may be taken before Postgres binds it. */
export async function startOnFreePort(
  start: (port: number) => Server,
): Promise<{ server: Server; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const server = start(port)
    try {
      await server.ready
      return { server, port }
    } catch (error) {
      if (attempt === portTries || !String(error).includes('could not create any TCP/IP sockets')) throw error
    }
  }
}

/** A port of 127.0.0.1 that nothing listens on now. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
