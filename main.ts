/** Starts the services named on the command line, or all. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeServices, describeSettings, usage } from '#platform/host/describe.ts'
import { installedServiceKey, readAllSettings, startHost, type Host } from '#platform/host/host.ts'
import { showTopology } from '#platform/topology.ts'
import { services } from './services/all.ts'

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
      settings: { type: 'boolean' },
      topology: { type: 'string' },
      version: { type: 'boolean' },
    },
  })
  if (values.help) return print(usage)
  if (values.version) return print(version)
  if (values.list) return print(describeServices(services))
  if (values.settings) return print(describeSettings(readAllSettings(services)))
  if (values.topology !== undefined)
    return showTopology(values.topology, await installedServiceKey(services), process.stdout)
  await run(positionals)
}

async function run(roles: string[]): Promise<void> {
  const startedAt = Date.now()
  const signalled = stopSignal()
  const host = await startHost({ services, roles, version })
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
