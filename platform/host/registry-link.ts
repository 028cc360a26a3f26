import type { CallDefinition, StreamDefinition } from '#contracts/contract.ts'
import { CallError, standardError } from '#contracts/errors.ts'
import type { Answerer, Invocation } from '#platform/calls.ts'
import type { RpcAddress, RpcConnection, RpcLimits } from '#platform/rpc/rpc.ts'
import type { IdentityTokens } from './identity-tokens.ts'
import { outboundCall } from './remote.ts'

const connectTimeoutMs = 1_500
/** A registry that does not answer for so long is given up for another one. */
const limits = { pingIntervalMs: 1_000, silenceMs: 3_000 }

export interface RegistryLinkOptions {
  addresses: readonly RpcAddress[]
  connect: (address: RpcAddress, limits?: Partial<RpcLimits>) => RpcConnection
  tokens: IdentityTokens
}

/** Answers by one of several registries: the same one as long as it answers, as it holds the lease. */
export class RegistryLink implements Answerer, AsyncDisposable {
  readonly #options: RegistryLinkOptions
  /** Processes begin at different registries. */
  #next = Math.floor(Math.random() * 1_000)
  #connection: RpcConnection | undefined
  #connecting: Promise<RpcConnection> | undefined
  #attempt: RpcConnection | undefined
  #isClosed = false

  constructor(options: RegistryLinkOptions) {
    this.#options = options
  }

  async call(definition: CallDefinition, input: unknown, invocation: Invocation): Promise<unknown> {
    const connection = await unlessAborted(this.#connected(), invocation.signal)
    try {
      return await connection.call(await this.#outbound(definition, input, invocation))
    } catch (error) {
      this.#judge(connection, error)
      throw error
    }
  }

  async *stream(
    definition: StreamDefinition,
    input: unknown,
    invocation: Invocation,
  ): AsyncGenerator<unknown> {
    const connection = await unlessAborted(this.#connected(), invocation.signal)
    try {
      yield* connection.stream(await this.#outbound(definition, input, invocation))
    } catch (error) {
      this.#judge(connection, error)
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await this.#attempt?.[Symbol.asyncDispose]()
    await this.#connection?.[Symbol.asyncDispose]()
  }

  async #outbound(definition: CallDefinition | StreamDefinition, input: unknown, invocation: Invocation) {
    const identityToken = await this.#options.tokens.sign(invocation.identity)
    return outboundCall(definition, input, invocation, identityToken)
  }

  async #connected(): Promise<RpcConnection> {
    if (this.#connection?.state === 'ready') return this.#connection
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined))
    return await this.#connecting
  }

  /** Tries each once. */
  async #connect(): Promise<RpcConnection> {
    const { addresses, connect } = this.#options
    for (let tries = 0; tries < addresses.length && !this.#isClosed; tries++) {
      const address = addresses[this.#next++ % addresses.length]!
      const connection = connect(address, limits)
      this.#attempt = connection
      try {
        await connection.ready(connectTimeoutMs)
      } catch {
        await connection[Symbol.asyncDispose]()
        continue
      }
      connection.onStateChange((state) => {
        if (state !== 'ready') this.#leave(connection)
      })
      this.#connection = connection
      return connection
    }
    throw standardError('unavailable', `no registry answers at ${addresses.join(', ')}`)
  }

  /** One that is slow is not left: that would cost the lease. */
  #judge(connection: RpcConnection, error: unknown): void {
    if (error instanceof CallError && error.code === 'unavailable') this.#leave(connection)
  }

  /** What runs on it fails and is opened anew at the next. */
  #leave(connection: RpcConnection): void {
    if (this.#connection !== connection) return
    this.#connection = undefined
    void connection[Symbol.asyncDispose]()
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(standardError('cancelled'))
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  return Promise.race([promise, aborted.promise]).finally(() => signal.removeEventListener('abort', abort))
}
