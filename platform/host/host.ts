/** Runs services and roles in a process: opens what they stand on, answers their calls, stops in the reverse order. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, type Client } from '#contracts/client.ts'
import type { Contract } from '#contracts/contract.ts'
import { readSettings, type FoundSetting, type Settings, type SettingSources } from '#platform/config.ts'
import type { Identity } from '#platform/identity.ts'
import type { Logger } from '#platform/log.ts'
import { collectProcessMetrics } from '#platform/metrics.ts'
import { createOps, listenOps } from '#platform/ops.ts'
import type { Job, OpsAnswer, ProcessContext, Service, ServiceContext } from '#platform/service.ts'
import { SpanRecorder } from '#platform/trace.ts'
import { callerFor } from './contexts.ts'
import type { Directory } from './directory.ts'
import { forgetOldIdempotencyKeys } from './idempotency.ts'
import { runJobs } from './jobs.ts'
import { readServiceKey } from './keys.ts'
import { openLog } from './logging.ts'
import type { BootedPostgres } from './postgres.ts'
import { Registration } from './registration.ts'
import { openResources } from './resources.ts'
import { roleNames, selectRoles, type Selected } from './roles.ts'
import { reach, reachableAddress } from './rpc-door.ts'
import { hostSettings, type Values } from './settings.ts'
import { startSubscriptions } from './subscriptions.ts'
import { wire, type Wiring } from './wiring.ts'

/** How long a start waits for a registry that does not answer. */
const firstTableTimeoutMs = 1_000
/** For closing what is open, when all work is done. */
const closingMs = 800

export interface HostOptions {
  /** Every service of the program, whether it runs here or not. */
  services: readonly Service[]
  /** Words as `selectRoles` reads them. */
  roles?: readonly string[]
  sources?: SettingSources
  version?: string
  /** Replaces the logger that the settings describe. */
  log?: Logger
  /** One that was begun to start before the services were loaded. */
  postgres?: BootedPostgres | undefined
}

export interface Host extends AsyncDisposable {
  readonly log: Logger
  /** What listens where, in the order of starting. */
  readonly announced: readonly (readonly [what: string, where: string])[]
  client<C extends Contract>(contract: C, identity?: Identity): Client<C>
  readonly directory: Directory
  ops(path: string): Promise<OpsAnswer | undefined>
  readonly serviceKeyFile: string | undefined
  /** What stopping may take. */
  readonly stopTimeoutMs: number
}

/** Settings of the host and of every service given; the first one to claim a name describes it. */
function allSettings(services: readonly Service[]): Settings {
  return Object.assign({}, ...services.map(({ settings }) => settings), hostSettings) as Settings
}

export function readAllSettings(services: readonly Service[], sources?: SettingSources): FoundSetting[] {
  return readSettings(allSettings(services), sources).found
}

/** The service key of the installation that the settings describe. */
export function installedServiceKey(services: readonly Service[]): Promise<string> {
  const { DATA_DIR, SERVICE_KEY } = readSettings(allSettings(services)).values as Values
  return readServiceKey(DATA_DIR, SERVICE_KEY)
}

/** Works on what a service keeps, beside the processes that run it. */
export async function workOnStores<T>(
  services: readonly Service[],
  name: string,
  work: (stores: Pick<ServiceContext, 'db' | 'blobs' | 'log'>) => Promise<T>,
): Promise<T> {
  const settings = readSettings(allSettings(services)).values as Values
  await using stack = new AsyncDisposableStack()
  const { log } = openLog({ ...settings, LOG_SHIP: false }, name, undefined)
  const { database, blobs } = stack.use(await openResources(settings, services, log, undefined))
  return await work({ db: database.forService(name), blobs: blobs.of(name), log })
}

/** Resolves when everything runs and `/ready` says so. Rejects with one clear error, having closed what was open. */
export async function startHost(options: HostOptions): Promise<Host> {
  const selected = selectRoles(options.services, options.roles ?? [])
  const settings = readSettings(allSettings(options.services), options.sources).values as Values
  await using stack = new AsyncDisposableStack()
  const host = await start(selected, settings, options, stack)
  const opened = stack.move()
  return { ...host, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

async function start(
  selected: readonly Selected[],
  settings: Values,
  options: HostOptions,
  stack: AsyncDisposableStack,
): Promise<Omit<Host, typeof Symbol.asyncDispose>> {
  const { services } = options
  const processName = selected.length === services.length ? 'dakghar' : selected.flatMap(roleNames).join(',')
  const identity: Identity = { kind: 'service', name: processName }
  const spans = new SpanRecorder()
  const logging = openLog(settings, processName, options.log)
  const { log } = logging
  collectProcessMetrics()

  const wiring = await wire(
    { services, selected, identity, postgres: options.postgres },
    settings,
    { ...logging, spans },
    stack,
  )
  const { answerer, keys, resources } = wiring
  stack.use(await logging.ship(spans, callerFor(answerer, { identity })))

  const announced: [string, string][] = []
  const stopping = new AbortController()
  let phase: 'starting' | 'ready' | 'stopping' = 'starting'
  const ready = Promise.withResolvers<void>()
  const ops = createOps({
    service: processName,
    version: options.version ?? '',
    roles: selected.flatMap(roleNames),
    phase: () => phase,
    checks: resources.checks,
  })

  const { listening, address, registration } = await openRpcDoor(selected, settings, wiring, options, stack)
  announced.push(['RPC', listening])
  await startSubscriptions(services, selected, wiring.runtimes, resources.bus, spans)
  stack.defer(() => resources.bus.drain(settings.STOP_GRACE_MS))
  await startRoles(selected, wiring, stack, ready.promise, {
    ...processContext(wiring, address, spans),
    instanceId: () => registration?.id ?? '',
    ops,
    stopping: stopping.signal,
    announce: (what, where) => void announced.push([what, where]),
  })
  if (!selected.some(({ service }) => service.contract.name === 'gateway'))
    announced.push(['Health', `${stack.use(await openOpsPort(settings, ops, log)).url}/health`])

  stack.defer(async () => {
    phase = 'stopping'
    await Promise.all([registration?.drain(), sleep(settings.STOP_DELAY_MS)])
    stopping.abort()
  })
  const discovered = [registration?.ready(), wiring.discovery?.table.heard(firstTableTimeoutMs)]
  if (!wiring.discovery?.isHere) await Promise.all(discovered)
  phase = 'ready'
  ready.resolve()
  const client: Host['client'] = (contract, as = identity) =>
    createClient(contract, callerFor(answerer, { identity: as }))
  return {
    log,
    announced,
    directory: wiring.directory,
    ops,
    client,
    serviceKeyFile: keys.serviceKeyFile,
    stopTimeoutMs: settings.STOP_DELAY_MS + settings.STOP_GRACE_MS + closingMs,
  }
}

/** Listens, and tells the registry where; at stop everything is answered before the process leaves the registry. */
async function openRpcDoor(
  selected: readonly Selected[],
  settings: Values,
  { rpc, local, tokens, discovery }: Wiring,
  { version = '' }: HostOptions,
  stack: AsyncDisposableStack,
) {
  const server = stack.use(await rpc.listen(local, tokens, selected))
  const address = reachableAddress(settings, server.address)
  const services = selected.map(({ service, roles }) => ({
    name: service.contract.name,
    roles: roles.map(([name]) => name),
  }))
  const registration = discovery && stack.use(new Registration(discovery, { services, address, version }))
  stack.defer(() => local.idle())
  stack.defer(() => server.drain(settings.STOP_GRACE_MS))
  return { listening: server.address, address, registration }
}

function processContext(
  { answerer, directory, remote, resources, rpc, tokens, keys }: Wiring,
  address: string,
  spans: SpanRecorder,
) {
  return {
    answerer,
    directory,
    blobsOf: (service) => resources.blobs.of(service),
    callAt: (endpoint, ...call) => remote.callAt(endpoint, ...call),
    traffic: () => remote.traffic(),
    reach: async (other, timeoutMs) => {
      if (other !== address) await reach(rpc, other, timeoutMs)
    },
    finishSpan: (trace, span) => spans.finish(trace, { service: 'gateway', ...span }),
    signIdentity: tokens.sign,
    identifyServiceKey: keys.identifyServiceKey,
  } satisfies Partial<ProcessContext>
}

async function startRoles(
  selected: readonly Selected[],
  { runtimes }: Wiring,
  stack: AsyncDisposableStack,
  ready: Promise<void>,
  process: ProcessContext,
): Promise<void> {
  for (const { service, roles } of selected) {
    const { context } = runtimes.get(service)!
    const forgetKeys: Job = {
      name: 'forgetOldIdempotencyKeys',
      everyMs: 3_600_000,
      run: ({ db }) => forgetOldIdempotencyKeys(db),
    }
    const jobs = roles.flatMap(([, role]) => role.jobs ?? [])
    stack.use(runJobs(service.migrations ? [...jobs, forgetKeys] : jobs, context, ready))
    for (const [, role] of roles) if (role.start) stack.use(await role.start(context, process))
  }
}

async function openOpsPort(settings: Values, ops: Parameters<typeof listenOps>[0], log: Logger) {
  if (settings.OPS_PORT !== undefined) return listenOps(ops, settings.OPS_HOST, settings.OPS_PORT)
  return listenOps(ops, settings.OPS_HOST, 9100).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    log.warn('port 9100 is in use; the ops port is a free one. OPS_PORT chooses another')
    return listenOps(ops, settings.OPS_HOST, 0)
  })
}
