/** Runs services and roles in a process: opens what they stand on, answers their calls, stops in the reverse order. */
import { createClient, type Client } from '#contracts/client.ts'
import type { Contract } from '#contracts/contract.ts'
import {
  readSettings,
  type FoundSetting,
  type Settings,
  type SettingSources,
  type SettingValues,
} from '#platform/config.ts'
import type { Answerer } from '#platform/calls.ts'
import type { Identity } from '#platform/identity.ts'
import type { Logger } from '#platform/log.ts'
import { collectProcessMetrics } from '#platform/metrics.ts'
import { createOps, listenOps } from '#platform/ops.ts'
import type { OpsAnswer, ProcessContext, Service, ServiceContext } from '#platform/service.ts'
import { SpanRecorder } from '#platform/trace.ts'
import { callerFor, createRuntime } from './contexts.ts'
import { staticDirectory } from './directory.ts'
import { forgetOldIdempotencyKeys } from './idempotency.ts'
import { createIdentityTokens } from './identity-tokens.ts'
import { runJobs } from './jobs.ts'
import { openKeys } from './keys.ts'
import { answerLocally } from './local.ts'
import { openLog } from './logging.ts'
import { openResources, type Resources } from './resources.ts'
import { answerRemotely } from './remote.ts'
import { roleNames, selectRoles, type Selected } from './roles.ts'
import { openRpc } from './rpc-door.ts'
import { hostSettings } from './settings.ts'
import { startSubscriptions } from './subscriptions.ts'

export interface HostOptions {
  /** Every service of the program, whether it runs here or not. */
  services: readonly Service[]
  /** Words as `selectRoles` reads them. */
  roles?: readonly string[]
  sources?: SettingSources
  version?: string
  /** Replaces the logger that the settings describe. */
  log?: Logger
}

export interface Host extends AsyncDisposable {
  readonly log: Logger
  /** What listens where, in the order of starting. */
  readonly announced: readonly (readonly [what: string, where: string])[]
  client<C extends Contract>(contract: C, identity?: Identity): Client<C>
  ops(path: string): Promise<OpsAnswer | undefined>
  readonly serviceKeyFile: string | undefined
}

/** Settings of the host and of every service given; the first one to claim a name describes it. */
export function allSettings(services: readonly Service[]): Settings {
  return Object.assign({}, ...services.map(({ settings }) => settings), hostSettings) as Settings
}

export function readAllSettings(services: readonly Service[], sources?: SettingSources): FoundSetting[] {
  return readSettings(allSettings(services), sources).found
}

/** Resolves when everything runs and `/ready` says so. Rejects with one clear error, having closed what was open. */
export async function startHost(options: HostOptions): Promise<Host> {
  const selected = selectRoles(options.services, options.roles ?? [])
  const values = readSettings(allSettings(options.services), options.sources).values as Values
  await using stack = new AsyncDisposableStack()
  const host = await start(selected, values, options, stack)
  const opened = stack.move()
  return { ...host, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

export type Values = SettingValues<typeof hostSettings> & Record<string, unknown>

async function start(
  selected: readonly Selected[],
  settings: Values,
  options: HostOptions,
  stack: AsyncDisposableStack,
): Promise<Omit<Host, typeof Symbol.asyncDispose>> {
  const processName =
    selected.length === options.services.length ? 'dakghar' : selected.flatMap(roleNames).join(',')
  const spans = new SpanRecorder()
  const logging = openLog(settings, processName, options.log)
  const { log } = logging
  collectProcessMetrics()

  const keys = await openKeys(settings.DATA_DIR, {
    clusterKey: settings.CLUSTER_KEY,
    serviceKey: settings.SERVICE_KEY,
  })
  const resources = stack.use(await openResources(settings, options.services, log))
  const tokens = createIdentityTokens(keys.clusterKey)

  const rpc = openRpc(settings, keys.clusterKey, log)
  const remote = stack.use(
    answerRemotely({ directory: staticDirectory(settings.INSTANCES), connect: rpc.connect, tokens }),
  )
  const answerer: Answerer = {
    call: (definition, ...rest) =>
      (local.answers(definition.service) ? local : remote).call(definition, ...rest),
    stream: (definition, ...rest) =>
      (local.answers(definition.service) ? local : remote).stream(definition, ...rest),
  }
  const runtimes = new Map(
    options.services.map((service) => [
      service,
      createRuntime(service, contextOf(service, settings, resources, log), answerer),
    ]),
  )
  const local = answerLocally(
    selected
      .filter(({ roles }) => roles.some(([name]) => name === 'api'))
      .map(({ service }) => ({ service, runtime: runtimes.get(service)! })),
    { log, spans },
  )
  stack.use(
    await logging.ship(spans, callerFor(answerer, { identity: { kind: 'service', name: processName } })),
  )

  const announced: [string, string][] = []
  const stopping = new AbortController()
  let phase: 'starting' | 'ready' | 'stopping' = 'starting'
  const ops = createOps({
    service: processName,
    version: options.version ?? '',
    roles: selected.flatMap(roleNames),
    phase: () => phase,
    checks: resources.checks,
  })
  const processContext: ProcessContext = {
    answerer,
    ops,
    stopping: stopping.signal,
    announce: (what, where) => void announced.push([what, where]),
    finishSpan: (trace, span) => spans.finish(trace, { service: 'gateway', ...span }),
    identifyServiceKey: keys.identifyServiceKey,
  }

  const server = await rpc.listen(local, tokens, selected)
  announced.push(['RPC', server.address])
  stack.defer(() => server[Symbol.asyncDispose]())
  stack.defer(() => local.idle())
  stack.defer(() => server.drain(settings.STOP_GRACE_MS))

  await startSubscriptions(options.services, selected, runtimes, resources.bus, spans)
  stack.defer(() => resources.bus.drain(settings.STOP_GRACE_MS))
  for (const { service, roles } of selected) {
    const { context } = runtimes.get(service)!
    const jobs = roles.flatMap(([, role]) => role.jobs ?? [])
    const keyJob = {
      name: 'forgetOldIdempotencyKeys',
      everyMs: 3_600_000,
      run: () => forgetOldIdempotencyKeys(context.db),
    }
    stack.use(runJobs(service.migrations ? [...jobs, keyJob] : jobs, context))
    for (const [, role] of roles) if (role.start) stack.use(await role.start(context, processContext))
  }
  if (!selected.some(({ service }) => service.contract.name === 'gateway'))
    announced.push(['Health', `${stack.use(await openOpsPort(settings, ops, log)).url}/health`])

  stack.defer(() => {
    phase = 'stopping'
    stopping.abort()
  })
  phase = 'ready'
  return {
    log,
    announced,
    ops,
    serviceKeyFile: keys.serviceKeyFile,
    client: (contract, identity = { kind: 'service', name: processName }) =>
      createClient(contract, callerFor(answerer, { identity })),
  }
}

function contextOf(
  service: Service,
  settings: Values,
  resources: Resources,
  log: Logger,
): Omit<ServiceContext, 'client'> {
  const name = service.contract.name
  const { bus, cache, blobs, signals } = resources
  return {
    service: name,
    settings,
    log: log.child({ service: name }),
    db: resources.database.forService(name),
    bus,
    cache,
    blobs,
    signals,
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
