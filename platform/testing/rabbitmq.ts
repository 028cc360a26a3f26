import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accepts, freePort, startServerProcess } from './server-process.ts'

export interface Rabbitmq extends AsyncDisposable {
  /** `amqp://guest:guest@127.0.0.1:port` */
  url: string
  /** HTTP API, e.g. `${managementUrl}/api/queues`. */
  managementUrl: string
  /** Starts it again on the same port with the same data; stops it first where it runs. */
  restart(): Promise<void>
  /**
   * SIGKILL. `restart()` brings it back, but RabbitMQ 3.10 writes a new queue to disk some seconds after it was
   * declared: one declared just before may be gone, or have no leader. A `restart()` in between writes it.
   */
  kill(): Promise<void>
  /** Stops it and removes its data. */
  stop(): Promise<void>
}

/** A broker of the caller's own, for tests that stop it. Takes about 6 s. */
export async function startRabbitmq(): Promise<Rabbitmq> {
  const folder = await mkdtemp(join(tmpdir(), 'rabbitmq-'))
  const [port, managementPort, epmdPort, distributionPort] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ])
  const managementUrl = `http://guest:guest@127.0.0.1:${managementPort}`
  await writeFile(
    join(folder, 'rabbitmq.conf'),
    [
      `listeners.tcp.1 = 127.0.0.1:${port}`,
      'management.tcp.ip = 127.0.0.1',
      `management.tcp.port = ${managementPort}`,
      'log.file = false',
      'log.console = true',
      'log.console.level = error',
    ].join('\n'),
  )
  await writeFile(join(folder, 'enabled_plugins'), '[rabbitmq_management].')
  const env = {
    HOME: folder, // The Erlang cookie goes there.
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: 'test@localhost',
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_SERVER_START_ARGS: '+B i', // Ctrl-C in the terminal is for the test runner.
    RUNNING_UNDER_SYSTEMD: 'true', // Makes the start script exec the server rather than run it as a child.
  }
  const start = () =>
    startServerProcess({
      debianPackage: 'rabbitmq-server',
      command: serverScript(),
      args: [],
      env,
      isReady: async () =>
        (await callManagement(managementUrl, 'GET', `health/checks/port-listener/${port}`)).ok,
    })

  const epmd = await startServerProcess({
    debianPackage: 'rabbitmq-server',
    command: 'epmd',
    args: ['-port', String(epmdPort), '-address', '127.0.0.1'],
    isReady: () => accepts(epmdPort),
  })
  let server = await start()
  const stop = async () => {
    await server.stop('SIGKILL') // A clean stop takes seconds and the data goes anyway.
    await epmd.stop('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    managementUrl,
    async restart() {
      await server.stop()
      server = await start()
    },
    kill: () => server.stop('SIGKILL'),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

export interface VirtualHost extends AsyncDisposable {
  /** `amqp://guest:guest@127.0.0.1:port/name` */
  url: string
  name: string
  managementUrl: string
}

/**
 * An empty virtual host: on the broker of the test run (`TEST_AMQP_URL`, `TEST_AMQP_MANAGEMENT_URL`) in
 * some 20 ms, else on one started for it. Dispose it at the end of the test file.
 */
export async function createVirtualHost(): Promise<VirtualHost> {
  const own = process.env.TEST_AMQP_URL ? undefined : await startRabbitmq()
  const url = own?.url ?? process.env.TEST_AMQP_URL
  const managementUrl = own?.managementUrl ?? process.env.TEST_AMQP_MANAGEMENT_URL ?? ''
  const name = `test-${crypto.randomUUID()}`
  const created = await callManagement(managementUrl, 'PUT', `vhosts/${name}`)
  if (!created.ok) throw new Error(`virtual host ${name}: ${created.status} ${await created.text()}`)
  return {
    url: `${url}/${name}`,
    name,
    managementUrl,
    async [Symbol.asyncDispose]() {
      await (own ? own.stop() : callManagement(managementUrl, 'DELETE', `vhosts/${name}`))
    },
  }
}

async function callManagement(managementUrl: string, method: string, path: string): Promise<Response> {
  const { origin, username, password } = new URL(managementUrl)
  const response = await fetch(`${origin}/api/${path}`, {
    method,
    headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
  })
  if (response.ok) await response.body?.cancel()
  return response
}

/** Debian's command on the PATH insists on root or its own user; the script beneath it runs as anyone. */
function serverScript(): string {
  const script = '/usr/lib/rabbitmq/bin/rabbitmq-server'
  return existsSync(script) ? script : 'rabbitmq-server'
}
