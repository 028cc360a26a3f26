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
}

/** Reads `logs=tcp://127.0.0.1:5001,logs=unix:/run/logs.sock`. Throws naming the entry that can't be read. */
export function staticDirectory(entries: string): Directory {
  const endpoints = new Map<string, Endpoint[]>()
  for (const entry of entries.split(',').map((part) => part.trim())) {
    if (entry === '') continue
    const match = /^([a-z]+)=((?:tcp:\/\/.+:\d+)|(?:unix:.+))$/.exec(entry)
    if (!match) throw new Error(`INSTANCES: "${entry}" is not service=tcp://host:port or service=unix:/path`)
    const [, service = '', address = ''] = match
    const endpoint = { id: address, address: address as RpcAddress, version: '', weight: 100 }
    endpoints.set(service, [...(endpoints.get(service) ?? []), endpoint])
  }
  return { endpoints: (service) => endpoints.get(service) ?? [] }
}
