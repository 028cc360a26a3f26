import type { z } from 'zod'
import type { AnySchema, CallDefinition, Contract, StreamDefinition } from './contract.ts'

/** What a caller may state beside the input. */
export interface InvokeOptions {
  /** Time left for the whole call, retries included. */
  deadlineMs?: number
  signal?: AbortSignal
  /** Makes a command safe to send again: same key and input replay the stored answer. */
  idempotencyKey?: string
}

/** A contract as its callers see it: calls give a promise, streams an async iterable. Failures are `CallError`s. */
export type Client<C extends Contract> = {
  [K in keyof C['calls']]: (
    input: InputOf<C['calls'][K]>,
    options?: InvokeOptions,
  ) => Promise<OutputOf<C['calls'][K]>>
} & {
  [K in keyof C['streams']]: (
    input: InputOf<C['streams'][K]>,
    options?: Pick<InvokeOptions, 'signal'>,
  ) => AsyncIterable<OutputOf<C['streams'][K]>>
}

export type InputOf<Definition> = Definition extends { input: infer Input extends AnySchema }
  ? z.input<Input>
  : never
export type OutputOf<Definition> = Definition extends { output: infer Output extends AnySchema }
  ? z.output<Output>
  : never

/** The one way a client reaches its service: a local call, RPC, or HTTP. */
export interface Caller {
  call(definition: CallDefinition, input: unknown, options: InvokeOptions): Promise<unknown>
  stream(definition: StreamDefinition, input: unknown, options: InvokeOptions): AsyncIterable<unknown>
}

export function createClient<C extends Contract>(contract: C, caller: Caller): Client<C> {
  const client = new Proxy({} as Client<C>, {
    get(_, name: string) {
      const call = contract.calls[name]
      if (call) return (input: unknown, options: InvokeOptions = {}) => caller.call(call, input, options)
      const stream = contract.streams[name]
      if (stream)
        return (input: unknown, options: InvokeOptions = {}) => caller.stream(stream, input, options)
      return undefined
    },
  })
  return client
}
