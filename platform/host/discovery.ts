/** How this process reaches the registry: in process where it runs here, else over the network. */
import { createClient, type Client } from '#contracts/client.ts'
import { registry, type Instance } from '#contracts/registry.ts'
import type { Answerer } from '#platform/calls.ts'
import type { Identity } from '#platform/identity.ts'
import type { Logger } from '#platform/log.ts'
import { follow, type Replica } from '#platform/replica/follow.ts'
import type { RpcAddress } from '#platform/rpc/rpc.ts'
import { continueTrace } from '#platform/trace.ts'
import { callerFor } from './contexts.ts'
import type { IdentityTokens } from './identity-tokens.ts'
import type { LocalAnswerer } from './local.ts'
import { RegistryLink } from './registry-link.ts'
import type { RpcDoor } from './rpc-door.ts'
import type { Values } from './settings.ts'

const defaultUrl = 'tcp://127.0.0.1:5000'

export interface Discovery {
  client: Client<typeof registry>
  table: Replica<Instance>
  /** The registry runs in this process. */
  isHere: boolean
  log: Logger
}

export interface DiscoveryOptions {
  settings: Values
  /** The program has a registry, wherever it runs. */
  hasRegistry: boolean
  identity: Identity
  local: LocalAnswerer
  rpc: RpcDoor
  tokens: IdentityTokens
  log: Logger
}

/** Undefined in a program without a registry. Returns at once; the table comes when a registry answers. */
export function openDiscovery(options: DiscoveryOptions, stack: AsyncDisposableStack): Discovery | undefined {
  const { settings, hasRegistry, identity, local, rpc, tokens, log } = options
  const isHere = local.answers(registry.name)
  if (!isHere && !hasRegistry && settings.REGISTRY_URL === undefined) return undefined
  const answerer: Answerer = isHere
    ? local
    : stack.use(new RegistryLink({ addresses: registryAddresses(settings), connect: rpc.connect, tokens }))
  // A beat each second would fill the traces.
  const trace = { ...continueTrace(undefined), isSampled: false }
  const client = createClient(registry, callerFor(answerer, { identity, trace }))
  const open = (signal: AbortSignal) => client.instances({}, { signal })
  const table = stack.use(follow<Instance>({ name: 'registry.instances', open, log }))
  return { client, table, isHere, log }
}

function registryAddresses({ REGISTRY_URL = defaultUrl }: Values): RpcAddress[] {
  return REGISTRY_URL.split(',').map((part) => {
    const address = part.trim()
    if (/^(tcp:\/\/.+:\d+|unix:.+)$/.test(address)) return address as RpcAddress
    throw new Error(`REGISTRY_URL: "${address}" is not tcp://host:port or unix:/path`)
  })
}
