import { CallError, serializeCallError, standardError } from '#contracts/errors.ts'
import type { Logger } from '#platform/log.ts'
import { CallTable } from './call-table.ts'
import { ProtocolError } from './decode.ts'
import { kinds, type CallFrame, type Frame, type OpenStreamFrame } from './frame.ts'
import type { Link } from './link.ts'
import { OutgoingStream } from './outgoing-stream.ts'
import type { RpcHandler, RpcLimits } from './rpc.ts'
import { ServedCall } from './served-call.ts'

/** The calls and streams that arrive over one proven link. */
export class InboundCalls {
  readonly #link: Link
  readonly #handler: RpcHandler
  readonly #limits: RpcLimits
  readonly #log: Logger
  readonly #tokens: (string | undefined)[] = []
  /** Those whose caller waits; a handler may still run for one that is stopped. */
  readonly #calls = new CallTable<ServedCall>((_, call) =>
    this.#cutShort(call, standardError('deadlineExceeded')),
  )
  readonly #streams = new CallTable<OutgoingStream>((_, stream) =>
    this.#cutShort(stream, standardError('deadlineExceeded')),
  )
  #runningCalls = 0
  #runningStreams = 0
  #isDraining = false
  /** The client has heard of the draining, or is gone: no call is on its way any more. */
  #isLast = false
  readonly #idle = Promise.withResolvers<void>()

  constructor(link: Link, handler: RpcHandler, limits: RpcLimits, log: Logger) {
    this.#link = link
    this.#handler = handler
    this.#limits = limits
    this.#log = log
    link.onFrame = (frame) => this.#receive(frame)
    link.onDrain = () => {
      for (const stream of this.#streams.values()) stream.wake()
    }
  }

  /**
   * Refuses what comes from now on and ends the streams, so that their consumers open them elsewhere. Resolves when
   * nothing more can come and nothing runs.
   */
  drain(): Promise<void> {
    if (!this.#isDraining) {
      this.#isDraining = true
      this.#link.send([kinds.goAway])
      for (const stream of this.#streams.clear()) this.#cutShort(stream, leaving())
    }
    return this.#idle.promise
  }

  /** The client is gone. */
  stop(reason: string): void {
    const error = standardError('unavailable', reason)
    for (const running of [...this.#calls.clear(), ...this.#streams.clear()]) running.stop(error)
    this.#isLast = true
    this.#checkIdle()
  }

  #receive(frame: Frame): void {
    switch (frame[0]) {
      case kinds.token:
        this.#tokens[frame[1]] = frame[2]
        return
      case kinds.call: {
        const call = this.#admit(frame, this.#runningCalls < this.#limits.maxCalls)
        return void (call && this.#serveCall(call))
      }
      case kinds.openStream: {
        const call = this.#admit(frame, this.#runningStreams < this.#limits.maxStreams)
        return void (call && this.#serveStream(call, frame[8]))
      }
      case kinds.credit:
        return this.#streams.get(frame[1])?.grant(frame[2])
      case kinds.cancel:
        return this.#cancel(frame[1])
      case kinds.goAway:
        this.#isLast = true
        return this.#checkIdle()
      default:
        throw new ProtocolError(`a server is not sent frames of kind ${frame[0]}`)
    }
  }

  #admit(frame: CallFrame | OpenStreamFrame, hasRoom: boolean): ServedCall | undefined {
    const id = frame[1]
    if (this.#calls.has(id) || this.#streams.has(id)) throw new ProtocolError(`id ${id} is in use`)
    if (this.#isDraining) return this.#refuse(id, leaving())
    if (!hasRoom) return this.#refuse(id, standardError('overloaded', 'Too much runs on the connection'))
    const token = frame[6] === null ? undefined : this.#tokens[frame[6]]
    if (frame[6] !== null && token === undefined) throw new ProtocolError('a token that was not sent')
    return new ServedCall(frame, token)
  }

  async #serveCall(call: ServedCall): Promise<void> {
    this.#calls.set(call.id, call)
    this.#runningCalls++
    try {
      const output = await this.#handler.call(call)
      if (!call.isStopped) this.#link.send([kinds.answer, call.id, output])
    } catch (error) {
      this.#fail(call, error)
    }
    if (!call.isStopped) this.#calls.delete(call.id)
    this.#runningCalls--
    this.#checkIdle()
  }

  async #serveStream(call: ServedCall, credit: number): Promise<void> {
    const stream = new OutgoingStream(call, this.#link, credit)
    this.#streams.set(call.id, stream)
    this.#runningStreams++
    try {
      await stream.run(this.#handler.stream(call))
      if (!call.isStopped) this.#link.send([kinds.end, call.id])
    } catch (error) {
      this.#fail(call, error)
    }
    if (!call.isStopped) this.#streams.delete(call.id)
    this.#runningStreams--
    this.#checkIdle()
  }

  #cancel(id: number): void {
    const running = this.#calls.get(id) ?? this.#streams.get(id)
    this.#calls.delete(id)
    this.#streams.delete(id)
    running?.stop(standardError('cancelled'))
  }

  #cutShort(running: ServedCall | OutgoingStream, error: CallError): void {
    running.stop(error)
    this.#sendFailure(running.id, error, false)
  }

  #refuse(id: number, error: CallError): undefined {
    this.#sendFailure(id, error, true)
  }

  #fail(call: ServedCall, error: unknown): void {
    const { method, traceparent, isStopped } = call
    if (error instanceof CallError) {
      if (!isStopped) this.#sendFailure(call.id, error, false)
      return
    }
    // What a handler throws because it was stopped is no bug.
    this.#log[isStopped ? 'debug' : 'error']({ err: error, method, traceparent }, 'RPC handler failed')
    if (!isStopped) this.#sendFailure(call.id, standardError('internal'), false)
  }

  #sendFailure(id: number, error: CallError, isRefusal: boolean): void {
    try {
      this.#link.send([kinds.failure, id, serializeCallError(error), isRefusal])
    } catch (cause) {
      this.#log.error({ err: cause, code: error.code }, 'RPC error can not be sent')
      this.#link.send([kinds.failure, id, serializeCallError(standardError('internal')), isRefusal])
    }
  }

  #checkIdle(): void {
    if (this.#isLast && this.#runningCalls + this.#runningStreams === 0) this.#idle.resolve()
  }
}

function leaving(): CallError {
  return standardError('unavailable', 'The instance is leaving')
}
