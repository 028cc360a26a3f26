/** What the registry's tests share: a host with a registry, and instances that are only leases. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InputOf } from '#contracts/client.ts'
import { registry, type Instance } from '#contracts/registry.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import registryService from './service.ts'

type Announced = InputOf<typeof registry.streams.lease>

/** Another host on the database of the first when that is given. */
export function registryHost(first?: TestHost, settings: Record<string, string> = {}): Promise<TestHost> {
  const shared = { SIGNALS_URL: 'postgres:', CLUSTER_KEY: 'a test', ...settings }
  return testHost({
    services: [registryService],
    settings: first ? { ...shared, DATABASE_URL: first.databaseUrl } : shared,
  })
}

/** Of ports nobody listens on. */
let lastPort = 0

/** An instance at an address of its own, where nobody listens. */
export function someInstance(more: Partial<Announced> = {}): Announced {
  return {
    id: randomUUID(),
    services: [{ name: 'shop', roles: ['api'] }],
    address: `tcp://127.0.0.1:${++lastPort}`,
    version: '1.0.0',
    state: 'ready',
    ...more,
  }
}

export interface HeldLease {
  id: string
  /** Ends the stream, as a lost connection does. */
  close(): Promise<void>
  /** Resolves when the registry has ended the stream. */
  ended: Promise<void>
  renew(state?: Announced['state']): Promise<boolean>
}

/** Resolves when it is registered. Renewed each second unless `isSilent`. */
export async function holdLease(
  host: TestHost,
  instance: Announced,
  { isSilent = false } = {},
): Promise<HeldLease> {
  const client = host.client(registry)
  const controller = new AbortController()
  const stream = client.lease(instance, { signal: controller.signal })[Symbol.asyncIterator]()
  await stream.next()
  let { state } = instance
  const renew = async (next = state) => {
    state = next
    return (await client.renewLease({ id: instance.id, state })).isKnown
  }
  const timer = isSilent ? undefined : setInterval(() => void renew(), 1_000)
  const ended = stream.next().then(
    () => clearInterval(timer),
    () => clearInterval(timer),
  )
  const close = () => {
    controller.abort()
    return ended
  }
  return { id: instance.id, close, ended, renew }
}

export async function instancesOf(host: TestHost): Promise<Map<string, Instance>> {
  const { items } = await host.client(registry).listInstances({})
  return new Map(items.map((item) => [item.id, item]))
}

/** Asks until it is so; gives how long that took. */
export async function eventually(
  isSo: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 5_000,
): Promise<number> {
  const startedAt = performance.now()
  while (!(await isSo())) {
    assert.ok(performance.now() - startedAt < timeoutMs, `not within ${timeoutMs} ms: ${what}`)
    await sleep(10)
  }
  return performance.now() - startedAt
}

/** Takes connections and says nothing. */
export async function silentServer(): Promise<AsyncDisposable & { address: `tcp://${string}` }> {
  const server = createServer((socket) => void socket.on('error', () => {}))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
