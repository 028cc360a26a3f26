/** Starts the services named on the command line, or all. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readSettings } from '#platform/config.ts'
import type { Host } from '#platform/host/host.ts'
import { bootPostgres, type BootedPostgres } from '#platform/host/postgres.ts'
import { hostSettings } from '#platform/host/settings.ts'

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  version: string
}

try {
  await main()
} catch (error) {
  process.stderr.write(`dakghar: ${(error as Error).message}\n`)
  process.exit(1)
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      list: { type: 'boolean' },
      rebuild: { type: 'boolean' },
      settings: { type: 'boolean' },
      topology: { type: 'string' },
      version: { type: 'boolean' },
    },
  })
  if (values.version) return print(version)
  const { topology } = values
  const asks = values.help || values.list || values.settings || topology !== undefined
  if (values.rebuild) return rebuild(positionals)
  if (!asks) return run(positionals)
  const { describeServices, describeSettings, usage } = await import('#platform/host/describe.ts')
  if (values.help) return print(usage)
  const { services, installedServiceKey, readAllSettings } = await loadProgram()
  if (values.list) return print(describeServices(services))
  if (values.settings) return print(describeSettings(readAllSettings(services)))
  const { showTopology } = await import('#platform/topology.ts')
  await showTopology(topology!, await installedServiceKey(services), process.stdout)
}

/** The services and what they stand on: some hundred modules, a third of a second on a small machine. */
async function loadProgram() {
  const [host, { services }] = await Promise.all([
    import('#platform/host/host.ts'),
    import('./services/all.ts'),
  ])
  return { ...host, services }
}

/** Reads again what a service keeps, and puts right what was made of it. */
async function rebuild(names: string[]): Promise<void> {
  const { services, workOnStores } = await loadProgram()
  const known = services.filter((service) => service.rebuild)
  const service = known.find(({ contract }) => names.length === 1 && contract.name === names[0])
  if (!service)
    throw new Error(`--rebuild needs one of: ${known.map(({ contract }) => contract.name).join(', ')}`)
  let toldAt = 0
  const done = await workOnStores(services, service.contract.name, (stores) =>
    service.rebuild!(stores, (sofar) => {
      if (Date.now() - toldAt < 2_000) return
      toldAt = Date.now()
      print(`${sofar} …`)
    }),
  )
  print(`${done}. Done.`)
}

/** Where this process has its own Postgres, that starts while the services are loaded. */
function bootOwnPostgres(): BootedPostgres | undefined {
  try {
    const { values } = readSettings(hostSettings)
    return values.DATABASE_URL === undefined ? bootPostgres(values) : undefined
  } catch {
    // Whatever is wrong with the settings is told together with what is wrong with those of the services.
    return undefined
  }
}

async function run(roles: string[]): Promise<void> {
  const startedAt = Date.now()
  const signalled = stopSignal()
  const postgres = bootOwnPostgres()
  // Loading modules keeps this process from everything else.
  await postgres?.begun
  const { services, startHost } = await loadProgram()
  const host = await startHost({ services, roles, version, postgres })
  process.on('uncaughtException', (error) => {
    host.log.fatal({ err: error }, 'a bug: the process stops')
    setTimeout(() => process.exit(1), 200)
  })
  print(banner(host, Date.now() - startedAt))
  const signal = await signalled
  print(`${signal}: stopping.`)
  setTimeout(() => {
    process.stderr.write(`dakghar: did not stop within ${host.stopTimeoutMs} ms\n`)
    process.exit(1)
  }, host.stopTimeoutMs).unref()
  await host[Symbol.asyncDispose]()
  process.exit(0)
}

/** The first SIGINT, SIGTERM or SIGHUP asks to stop; a second SIGINT, later than a terminal's echo of the first, insists. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAt: number | undefined
    const onSignal = (signal: NodeJS.Signals) => {
      if (firstAt !== undefined && Date.now() - firstAt > 500) process.exit(130)
      firstAt ??= Date.now()
      resolve(signal)
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
    process.on('SIGHUP', onSignal)
  })
}

function banner({ announced, serviceKeyFile }: Host, startMs: number): string {
  const places =
    serviceKeyFile === undefined ? announced : [...announced, ['Service key', serviceKeyFile] as const]
  const width = Math.max(...places.map(([what]) => what.length))
  return [
    `Dakghar ${version} is ready after ${(startMs / 1000).toFixed(1)} s.`,
    ...places.map(([what, where]) => `  ${what.padEnd(width)}  ${where}`),
    'Ctrl-C stops it.',
  ].join('\n')
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
