import type { RpcAddress, RpcConnection } from '#platform/rpc/rpc.ts'
import type { Endpoint } from './directory.ts'

/** A connection and how many services use it. */
export interface SharedConnection {
  readonly id: string
  readonly connection: RpcConnection
  users: number
}

/** One connection to each process, shared by the services that run there. */
export class Connections implements AsyncDisposable {
  readonly #connect: (address: RpcAddress) => RpcConnection
  readonly #shared = new Map<string, SharedConnection>()

  constructor(connect: (address: RpcAddress) => RpcConnection) {
    this.#connect = connect
  }

  open({ id, address }: Pick<Endpoint, 'id' | 'address'>): SharedConnection {
    let shared = this.#shared.get(id)
    if (!shared) this.#shared.set(id, (shared = { id, connection: this.#connect(address), users: 0 }))
    shared.users++
    return shared
  }

  /** The last user's leaving closes it. */
  close(shared: SharedConnection): void {
    if (--shared.users > 0) return
    this.#shared.delete(shared.id)
    void shared.connection[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      Array.from(this.#shared.values(), ({ connection }) => connection[Symbol.asyncDispose]()),
    )
  }
}

/** Resolves when one of them is ready, or none has become so in time. */
export async function oneReady(connections: readonly SharedConnection[], timeoutMs: number): Promise<void> {
  await Promise.any(connections.map(({ connection }) => connection.ready(timeoutMs))).catch(() => {})
}
