import type { RpcAddress } from '#platform/rpc/rpc.ts'

/** Where the instances of each service are. */
export interface Directory {
  /** Empty when none is known. */
  instances(service: string): readonly RpcAddress[]
}

/** Reads `logs=tcp://127.0.0.1:5001,logs=unix:/run/logs.sock`. Throws naming the entry that can't be read. */
export function staticDirectory(entries: string): Directory {
  const addresses = new Map<string, RpcAddress[]>()
  for (const entry of entries.split(',').map((part) => part.trim())) {
    if (entry === '') continue
    const match = /^([a-z]+)=((?:tcp:\/\/.+:\d+)|(?:unix:.+))$/.exec(entry)
    if (!match) throw new Error(`INSTANCES: "${entry}" is not service=tcp://host:port or service=unix:/path`)
    const [, service = '', address] = match
    addresses.set(service, [...(addresses.get(service) ?? []), address as RpcAddress])
  }
  return { instances: (service) => addresses.get(service) ?? [] }
}
