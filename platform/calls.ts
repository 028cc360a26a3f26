import type { CallDefinition, StreamDefinition } from '#contracts/contract.ts'
import type { Identity } from './identity.ts'
import type { TraceParent } from './trace.ts'

/** A call as every door hands it to the service: the same whether it came by HTTP, RPC or from the same process. */
export interface Invocation {
  identity: Identity
  /** Milliseconds since the epoch; the answer is worthless afterwards. */
  deadlineAt: number
  /** The work that makes the call, when it is known. */
  parent?: TraceParent | undefined
  idempotencyKey?: string | undefined
  /** Aborts when the caller gives up; may be made on first read. The deadline is watched by the service's side anyway. */
  signal?: AbortSignal | undefined
}

/** What can answer calls: the services of this process, or a remote instance. */
export interface Answerer {
  call(definition: CallDefinition, input: unknown, invocation: Invocation): Promise<unknown>
  stream(definition: StreamDefinition, input: unknown, invocation: Invocation): AsyncIterable<unknown>
}
