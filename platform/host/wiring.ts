/** Connects services with what they stand on and with each other. */
import type { Answerer } from '#platform/calls.ts'
import type { Identity } from '#platform/identity.ts'
import type { Logger } from '#platform/log.ts'
import type { Service } from '#platform/service.ts'
import type { SpanRecorder } from '#platform/trace.ts'
import { createRuntime, type ServiceBase, type ServiceRuntime } from './contexts.ts'
import { emptyDirectory, liveDirectory, type Directory } from './directory.ts'
import { openDiscovery, type Discovery } from './discovery.ts'
import { createIdentityTokens, type IdentityTokens } from './identity-tokens.ts'
import { openKeys, type Keys } from './keys.ts'
import { LocalAnswerer } from './local.ts'
import type { BootedPostgres } from './postgres.ts'
import { openResources, type Resources } from './resources.ts'
import { RemoteAnswerer } from './remote.ts'
import type { Selected } from './roles.ts'
import { openRpc, type RpcDoor } from './rpc-door.ts'
import { createSecretBox } from './secret-box.ts'
import type { Values } from './settings.ts'

export interface Wiring {
  keys: Keys
  tokens: IdentityTokens
  resources: Resources
  rpc: RpcDoor
  /** Those of every service: one that does not run here still has events to declare. */
  runtimes: ReadonlyMap<Service, ServiceRuntime>
  local: LocalAnswerer
  /** Here where the service runs here, else at another instance. */
  answerer: Answerer
  remote: RemoteAnswerer
  directory: Directory
  discovery: Discovery | undefined
}

export interface WiringOptions {
  services: readonly Service[]
  selected: readonly Selected[]
  /** Of the process itself. */
  identity: Identity
  postgres: BootedPostgres | undefined
}

export async function wire(
  { services, selected, identity, postgres }: WiringOptions,
  settings: Values,
  { root, log, spans }: { root: Logger; log: Logger; spans: SpanRecorder },
  stack: AsyncDisposableStack,
): Promise<Wiring> {
  const { DATA_DIR, CLUSTER_KEY: clusterKey, SERVICE_KEY: serviceKey } = settings
  const keys = await openKeys(DATA_DIR, { clusterKey, serviceKey })
  const tokens = createIdentityTokens(keys.clusterKey)
  const resources = stack.use(await openResources(settings, services, log, postgres))
  const rpc = openRpc(settings, keys.clusterKey, log)
  const answererOf = (service: string) => (local.answers(service) ? local : remote)
  const answerer: Answerer = {
    call: (definition, ...rest) => answererOf(definition.service).call(definition, ...rest),
    stream: (definition, ...rest) => answererOf(definition.service).stream(definition, ...rest),
  }
  const runtimes = new Map(
    services.map((service) => [
      service,
      createRuntime(service, baseOf(service, settings, resources, root, keys), answerer),
    ]),
  )
  const answering = selected.filter(({ roles }) => roles.some(([name]) => name === 'api'))
  const local = new LocalAnswerer(
    answering.map(({ service }) => ({ service, runtime: runtimes.get(service)! })),
    { log, spans },
  )
  const hasRegistry = services.some(({ contract }) => contract.name === 'registry')
  const discovery = openDiscovery({ settings, hasRegistry, identity, local, rpc, tokens, log }, stack)
  const directory = discovery ? liveDirectory(discovery.table) : emptyDirectory
  const remote = stack.use(new RemoteAnswerer({ directory, connect: rpc.connect, tokens }))
  return { keys, tokens, resources, rpc, runtimes, local, remote, answerer, directory, discovery }
}

function baseOf(
  { contract }: Service,
  settings: Values,
  resources: Resources,
  root: Logger,
  { clusterKey }: Keys,
): ServiceBase {
  const { bus, cache, blobs, signals } = resources
  return {
    service: contract.name,
    settings,
    log: root.child({ service: contract.name }),
    db: resources.database.forService(contract.name),
    bus,
    cache,
    blobs: blobs.of(contract.name),
    uploads: blobs.of('uploads'),
    signals,
    secrets: createSecretBox(clusterKey, contract.name),
  }
}
