/** Follows streams over one WebSocket, which connects again by itself and resumes. For browsers and programs. */
import type { Caller } from './client.ts'
import type { Sequence } from './contract.ts'
import { CallError, standardError } from './errors.ts'
import { backOff, keepConnected, type LiveConnection } from './live-connection.ts'
import { liveCloseCodes, liveWindow, type ClientMessage, type ServerMessage } from './live.ts'
import type { Problem } from './problem.ts'

export interface LiveClient extends Disposable {
  /** Leaving the loop unsubscribes. `after` in the input is where it begins. Throws `CallError`s only. */
  stream: Caller['stream']
  /** Connects and stays connected without a subscription, to be told when the session ends. */
  open(): void
  /** Takes `open` back: without a subscription it disconnects. The next socket is that of whoever is signed in then. */
  pause(): void
}

/** `closed`: it does not connect again by itself. */
export type LiveState = 'connecting' | 'connected' | 'reconnecting' | 'closed'

export interface LiveClientOptions {
  /** Opens the socket; programs add their key here. */
  connect?: (url: string) => WebSocket
  backOffMs?: { least: number; most: number }
  onState?: (state: LiveState) => void
  /** The session has ended or is another one now. */
  onSessionEnded?: () => void
}

/** Ends of a subscription after which it is tried again. */
const passing = new Set(['unavailable', 'overloaded', 'tooSlow', 'deadlineExceeded'])

const defaults: Required<LiveClientOptions> = {
  connect: (url) => new WebSocket(url),
  backOffMs: { least: 500, most: 30_000 },
  onState: () => {},
  onSessionEnded: () => {},
}

/** `url` is that of the live door: `wss://shop.example/api/live`. Connects with the first subscription. */
export function createLiveClient(url: string, options: LiveClientOptions = {}): LiveClient {
  const { connect, backOffMs, onState, onSessionEnded } = { ...defaults, ...options }
  const followings = new Map<number, Following>()
  let isClosed = false
  let staysOpen = false
  let lastId = 0
  /** Times in a row that the server took us for nobody. */
  let refusals = 0

  const connection = keepConnected({
    connect: () => connect(url),
    backOffMs,
    onOpen() {
      onState('connected')
      // The answer proves that the server knows us.
      if (staysOpen) connection.send({ type: 'ping' })
      for (const following of followings.values()) connection.send(following.subscription())
    },
    onMessage: take,
    onLost(code) {
      const connectsAgain = goesOnAfter(code)
      if (code === liveCloseCodes.sessionEnded) onSessionEnded()
      onState(connectsAgain ? 'reconnecting' : 'closed')
      return connectsAgain
    },
  })

  function goesOnAfter(code: number): boolean {
    if (code === liveCloseCodes.malformed) endAll(standardError('invalid', 'The server does not understand.'))
    // Once may be a change of roles; twice in a row nobody is signed in.
    else if (code === liveCloseCodes.sessionEnded && refusals++ > 0) endAll(standardError('unauthenticated'))
    else return !isClosed && (staysOpen || followings.size > 0)
    return false
  }

  const open = () => void (connection.open() && onState('connecting'))
  const endAll = (error: CallError) => followings.forEach((following) => following.finish(error))

  function take(message: ServerMessage): void {
    refusals = 0
    if (message.type === 'pong') return
    const following = followings.get(message.id)
    if (message.type === 'item') return following?.push(message.item, message.sequence)
    if (message.type === 'end') return following?.finish()
    if (!following || !passing.has(message.problem.code)) return following?.finish(errorOf(message.problem))
    following.retry(backOff(following.failures, backOffMs), () => connection.send(following.subscription()))
  }

  return {
    stream({ service, name }, input, { signal }) {
      const id = ++lastId
      const grant = (items: number) => connection.send({ type: 'credit', id, items })
      const following = new Following(id, `${service}.${name}`, input as Record<string, unknown>, grant)
      if (isClosed) following.finish(standardError('cancelled'))
      return read(following, { id, signal, followings, connection, open })
    },
    open() {
      staysOpen = true
      open()
    },
    pause() {
      staysOpen = false
      if (followings.size === 0) connection.close()
    },
    [Symbol.dispose]() {
      isClosed = true
      endAll(standardError('cancelled'))
      connection.close()
    },
  }
}

interface Reading {
  id: number
  signal: AbortSignal | undefined
  followings: Map<number, Following>
  connection: Pick<LiveConnection, 'send'>
  open: () => void
}

/** Subscribes when somebody asks for the first item, and unsubscribes when the reader leaves. */
async function* read(following: Following, reading: Reading): AsyncGenerator<unknown> {
  const { id, signal, followings, connection, open } = reading
  const onAbort = () => following.finish(standardError('cancelled'))
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()
  followings.set(id, following)
  connection.send(following.subscription())
  open()
  try {
    for (let next; (next = await following.next());) yield next.item
  } finally {
    signal?.removeEventListener('abort', onAbort)
    following.finish()
    followings.delete(id)
    connection.send({ type: 'unsubscribe', id })
  }
}

/** One subscription across all the sockets it lives on. */
class Following {
  failures = 0
  readonly #id: number
  readonly #stream: string
  readonly #input: Record<string, unknown>
  readonly #grant: (items: number) => void
  #queue: { item: unknown; sequence: Sequence | undefined }[] = []
  /** Sequence of the last item that was taken. */
  #after: Sequence | undefined
  /** Items taken since the last grant. */
  #taken = 0
  #end: { error: CallError | undefined } | undefined
  #wake: (() => void) | undefined
  #retry: ReturnType<typeof setTimeout> | undefined

  constructor(id: number, stream: string, input: Record<string, unknown>, grant: (items: number) => void) {
    this.#id = id
    this.#stream = stream
    this.#input = input
    this.#grant = grant
  }

  /** What waits to be taken comes again behind `after`. */
  subscription(): ClientMessage {
    if (this.#after !== undefined) this.#queue = []
    this.#taken = 0
    const after = this.#after === undefined ? {} : { after: this.#after }
    return { type: 'subscribe', id: this.#id, stream: this.#stream, input: this.#input, ...after }
  }

  push(item: unknown, sequence: Sequence | undefined): void {
    this.failures = 0
    this.#queue.push({ item, sequence })
    this.#wake?.()
  }

  retry(afterMs: number, subscribe: () => void): void {
    this.failures++
    this.#retry = setTimeout(subscribe, afterMs)
  }

  finish(error?: CallError): void {
    clearTimeout(this.#retry)
    this.#end ??= { error }
    this.#wake?.()
  }

  /** Undefined when the stream is over. */
  async next(): Promise<{ item: unknown } | undefined> {
    while (this.#queue.length === 0 && !this.#end)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    if (this.#end?.error) throw this.#end.error
    const next = this.#queue.shift()
    if (!next) return undefined
    this.#after = next.sequence ?? this.#after
    if (++this.#taken >= liveWindow / 2) {
      this.#grant(this.#taken)
      this.#taken = 0
    }
    return next
  }
}

function errorOf({ code, status, detail, errors, retryAfterSeconds }: Problem): CallError {
  return new CallError(code, status, { detail, fields: errors, retryAfterSeconds })
}
