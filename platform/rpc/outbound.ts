import { CallError, deserializeCallError, standardError } from '#contracts/errors.ts'
import { CallTable } from './call-table.ts'
import { ProtocolError } from './decode.ts'
import { kinds, maxTokens, type Frame } from './frame.ts'
import { IncomingStream } from './incoming-stream.ts'
import type { Link } from './link.ts'
import type { NotSent, OutboundCall, RpcLimits } from './rpc.ts'

/** A call or stream that has been sent and has not ended. */
interface Pending {
  /** On the clock of `performance.now`. */
  deadlineAt: number
  /** `Link.writes` before it was sent: while that has not grown the peer can't have seen it. */
  sentAfterWrites: number
  stopWatching: (() => void) | undefined
  fail(error: CallError): void
}

class PendingCall implements Pending {
  deadlineAt = Infinity
  sentAfterWrites = 0
  stopWatching: (() => void) | undefined
  readonly #resolve: (output: unknown) => void
  readonly #reject: (error: CallError) => void

  constructor(resolve: (output: unknown) => void, reject: (error: CallError) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  answer(output: unknown): void {
    this.stopWatching?.()
    this.#resolve(output)
  }

  fail(error: CallError): void {
    this.stopWatching?.()
    this.#reject(error)
  }
}

/** The calls and streams made over one proven link. */
export class OutboundCalls {
  readonly #link: Link
  readonly #limits: RpcLimits
  readonly #calls = new CallTable<PendingCall>((id, call) => this.#expire(id, call))
  readonly #streams = new CallTable<IncomingStream>((id, stream) => this.#expire(id, stream))
  /** References by token, oldest first. */
  readonly #tokens = new Map<string, number>()
  #tokensSent = 0
  #lastId = 0

  constructor(link: Link, limits: RpcLimits) {
    this.#link = link
    this.#limits = limits
  }

  get size(): number {
    return this.#calls.size + this.#streams.size
  }

  call(call: OutboundCall): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#calls.size >= this.#limits.maxCalls)
        throw notSent('overloaded', 'Too many calls on the connection')
      this.#open(kinds.call, call, this.#calls, new PendingCall(resolve, reject))
    })
  }

  openStream(call: OutboundCall): IncomingStream {
    const stream = new IncomingStream(this.#limits.streamWindow)
    try {
      if (this.#streams.size >= this.#limits.maxStreams)
        throw notSent('overloaded', 'Too many streams on the connection')
      const id = this.#open(kinds.openStream, call, this.#streams, stream)
      stream.upstream = {
        grant: (items) => this.#link.send([kinds.credit, id, items]),
        cancel: () => this.#cancel(id),
      }
    } catch (error) {
      stream.fail(error as CallError)
    }
    return stream
  }

  /** Takes what a server may send to a client. Throws `ProtocolError` for anything else. */
  receive(frame: Frame): void {
    // A frame for an id that is not there crossed our cancel or came after the deadline.
    switch (frame[0]) {
      case kinds.answer:
        return this.#takeCall(frame[1])?.answer(frame[2])
      case kinds.failure: {
        const error = deserializeCallError(frame[2])
        const pending = this.#takeCall(frame[1]) ?? this.#takeStream(frame[1])
        return pending?.fail(frame[3] ? Object.assign(error, { notSent: true as const }) : error)
      }
      case kinds.item:
        return this.#streams.get(frame[1])?.push(frame[2])
      case kinds.end:
        return this.#takeStream(frame[1])?.end()
      default:
        throw new ProtocolError(`a client is not sent frames of kind ${frame[0]}`)
    }
  }

  /** Fails everything that is pending with `unavailable`. */
  fail(reason: string): void {
    for (const pending of [...this.#calls.clear(), ...this.#streams.clear()]) {
      const hasLeft = this.#link.writes > pending.sentAfterWrites
      pending.fail(hasLeft ? standardError('unavailable', reason) : notSent('unavailable', reason))
    }
  }

  #open<Entry extends Pending>(
    kind: typeof kinds.call | typeof kinds.openStream,
    call: OutboundCall,
    table: CallTable<Entry>,
    pending: Entry,
  ): number {
    const { method, input, timeoutMs, traceparent = null, idempotencyKey = null, signal } = call
    if (signal?.aborted) throw standardError('cancelled')
    if (!(timeoutMs > 0)) throw standardError('deadlineExceeded')
    const id = this.#nextId()
    pending.sentAfterWrites = this.#link.writes
    const credit = kind === kinds.call ? 0 : this.#limits.streamWindow
    try {
      const token = call.identityToken === undefined ? null : this.#tokenReference(call.identityToken)
      this.#link.send([
        kind,
        id,
        method,
        input,
        Math.ceil(timeoutMs),
        traceparent,
        token,
        idempotencyKey,
        credit,
      ])
    } catch (error) {
      if (!(error instanceof CallError))
        throw standardError('invalid', `Can't be sent: ${(error as Error).message}`)
      throw error.code === 'overloaded' ? notSent('overloaded', error.message) : error
    }
    pending.deadlineAt = performance.now() + timeoutMs
    table.set(id, pending)
    if (signal) pending.stopWatching = onAbort(signal, () => this.#abort(id, pending))
    return id
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId + 1) & 0x7fff_ffff
    while (this.#calls.has(this.#lastId) || this.#streams.has(this.#lastId))
    return this.#lastId
  }

  /** Sends the token the first time. The oldest makes room where there are too many. */
  #tokenReference(token: string): number {
    const known = this.#tokens.get(token)
    if (known !== undefined) return known
    const reference = this.#tokensSent % maxTokens
    this.#link.send([kinds.token, reference, token])
    this.#tokensSent++
    if (this.#tokens.size === maxTokens) {
      const [oldest] = this.#tokens.keys()
      this.#tokens.delete(oldest!)
    }
    this.#tokens.set(token, reference)
    return reference
  }

  #takeCall(id: number): PendingCall | undefined {
    const call = this.#calls.get(id)
    if (call) this.#calls.delete(id)
    return call
  }

  #takeStream(id: number): IncomingStream | undefined {
    const stream = this.#streams.get(id)
    if (stream) this.#streams.delete(id)
    return stream
  }

  #expire(id: number, pending: Pending): void {
    this.#cancel(id)
    pending.fail(standardError('deadlineExceeded'))
  }

  #abort(id: number, pending: Pending): void {
    this.#cancel(id)
    pending.fail(standardError('cancelled'))
  }

  #cancel(id: number): void {
    this.#calls.delete(id)
    this.#streams.delete(id)
    this.#link.send([kinds.cancel, id])
  }
}

export function notSent(code: 'unavailable' | 'overloaded', detail: string): CallError & NotSent {
  return Object.assign(standardError(code, detail), { notSent: true as const })
}

function onAbort(signal: AbortSignal, listener: () => void): () => void {
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}
