/** Where everything is: the registry's table, as this process has it. */
import { isDeepStrictEqual } from 'node:util'
import type { Instance } from '#contracts/registry.ts'
import type { Replica } from '#platform/replica/follow.ts'
import type { RpcAddress } from '#platform/rpc/rpc.ts'

/** An instance that takes new work. */
export interface Endpoint {
  /** Of one start of a process. */
  id: string
  address: RpcAddress
  version: string
  /** Share of new work relative to the others; 0 gets none. */
  weight: number
}

/** Where the instances of each service are, as far as this process knows at the moment. */
export interface Directory {
  /** Empty when none is known. The same array until something changes. */
  endpoints(service: string): readonly Endpoint[]
  /** Other people's services, which the gateway reaches by HTTP. The same array until something changes. */
  proxied(): readonly ProxiedService[]
  /** Told when something has changed; gives the way to stop being told. */
  onChange(listener: () => void): () => void
  /** Of every instance, in whatever state. Undefined where there is no registry. */
  readonly table: Pick<Replica<Instance>, 'rows' | 'place' | 'staleMs'> | undefined
}

/** What answers requests below one path. */
export interface ProxiedService {
  service: string
  /** `/legacy`: this path and everything below it. */
  pathPrefix: string
  /** Addresses are `http://host:port` or `https://…`. */
  endpoints: readonly (Omit<Endpoint, 'address'> & { address: string })[]
}

type AnyEndpoint = ProxiedService['endpoints'][number]

/** For a program without a registry. */
export const emptyDirectory: Directory = {
  endpoints: () => none,
  proxied: () => none,
  onChange: () => () => {},
  table: undefined,
}

export function liveDirectory(table: Replica<Instance>): Directory {
  const listeners = new Set<() => void>()
  let byService: ReadonlyMap<string, readonly AnyEndpoint[]> = new Map()
  let proxied: readonly ProxiedService[] = none
  table.onChange(() => {
    const rows = [...table.rows.values()]
    const instances = rows.filter(isReady)
    const before = byService
    byService = new Map(
      [...ownServices(instances)].map(([service, endpoints]) => {
        const known = before.get(service)
        return [service, isDeepStrictEqual(known, endpoints) ? known! : endpoints]
      }),
    )
    const routes = proxiedServices(rows)
    if (!isDeepStrictEqual(proxied, routes)) proxied = routes
    for (const listener of listeners) listener()
  })
  return {
    endpoints: (service) => (byService.get(service) as readonly Endpoint[] | undefined) ?? none,
    proxied: () => proxied,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    table,
  }
}

const none: readonly never[] = []

/** By service that answers calls. */
function ownServices(instances: readonly Instance[]): Map<string, AnyEndpoint[]> {
  const own = instances.filter(({ proxied }) => proxied === null)
  const answering = own.flatMap(({ services }) => services.filter(({ roles }) => roles.includes('api')))
  const names = new Set(answering.map(({ name }) => name))
  return new Map([...names].map((name) => [name, endpointsOf(name, own)]))
}

function isReady({ state }: Instance): boolean {
  return state === 'ready'
}

/** A path belongs to its service while any instance is registered. */
function proxiedServices(instances: readonly Instance[]): ProxiedService[] {
  const routes = Map.groupBy(
    instances.filter(({ proxied }) => proxied !== null),
    ({ services, proxied }) => JSON.stringify([services[0]!.name, proxied!.pathPrefix]),
  )
  return [...routes].map(([key, members]) => {
    const [service, pathPrefix] = JSON.parse(key) as [string, string]
    return { service, pathPrefix, endpoints: endpointsOf(service, members.filter(isReady)) }
  })
}

const defaultWeight = 100

/** Those that are down count only where no other is left: they may be slow rather than gone. */
function usable(members: readonly Instance[]): readonly Instance[] {
  const ready = members.filter(({ state }) => state === 'ready')
  return ready.length > 0 ? ready : members
}

/** Where versions are weighed, the instances of a version share its weight. */
function endpointsOf(service: string, instances: readonly Instance[]): AnyEndpoint[] {
  const answering = instances.filter(({ services }) =>
    services.some(({ name, roles }) => name === service && roles.includes('api')),
  )
  const members = usable(answering).map(({ id, address, version, services }) => ({
    id,
    address,
    version,
    weight: services.find(({ name }) => name === service)!.weight,
  }))
  const isWeighed = members.some(({ weight }) => weight !== null)
  const sizes = Map.groupBy(members, ({ version }) => version)
  return members.map(({ weight, ...endpoint }) => ({
    ...endpoint,
    weight: isWeighed ? (weight ?? defaultWeight) / sizes.get(endpoint.version)!.length : defaultWeight,
  }))
}
