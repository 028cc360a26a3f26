/** One browser at the live door: reads its messages, sends it what it subscribed to. */
import type { Duplex } from 'node:stream'
import { WebSocket, type RawData } from 'ws'
import { ClientMessage, liveCloseCodes, liveLimits, liveWindow, type ServerMessage } from '#contracts/live.ts'
import { CallError, standardError } from '#contracts/errors.ts'
import type { Identity } from '#platform/identity.ts'
import type { Logger } from '#platform/log.ts'
import { continueTrace } from '#platform/trace.ts'
import { problemOf } from '#services/gateway/http/problem.ts'
import type { Item } from './item.ts'
import type { Streams } from './streams.ts'
import { Subscription } from './subscription.ts'

/** What every socket of a door shares: a gateway has tens of thousands of them, so each keeps little. */
export interface SocketDoor {
  streams: Streams
  log: Logger
}

export class LiveSocket extends WebSocket {
  identity!: Identity
  /** It has given a sign of life since the last heartbeat. */
  isAlive = true
  /** Since the last heartbeat. */
  messages = 0
  /** When its network stopped taking what is sent, as `performance.now()`. */
  blockedAt: number | undefined
  #connection!: Duplex
  #door!: SocketDoor
  #subscriptions: Map<number, SocketSubscription> | undefined

  /** Begins to listen to its client. */
  open(door: SocketDoor, connection: Duplex, identity: Identity): void {
    this.#door = door
    this.#connection = connection
    this.identity = identity
    this.on('message', onMessage).on('pong', onPong).on('close', onClose).on('error', onError)
  }

  get subscriptionCount(): number {
    return this.#subscriptions?.size ?? 0
  }

  closeWith(reason: keyof typeof liveCloseCodes): void {
    this.leaveAll()
    this.close(liveCloseCodes[reason], reason)
  }

  tell(message: ServerMessage): void {
    this.send(JSON.stringify(message))
  }

  /** Whether the network takes what is sent. Whoever is told that it does not is woken when it does. */
  get hasRoom(): boolean {
    if (!this.#connection.writableNeedDrain) return true
    if (this.blockedAt !== undefined) return false
    this.blockedAt = performance.now()
    this.#connection.once('drain', () => {
      this.blockedAt = undefined
      for (const subscription of this.#subscriptions?.values() ?? []) subscription.wake()
    })
    return false
  }

  deliver(message: Buffer): void {
    this.send(message, asText)
  }

  receive(message: ClientMessage): void {
    if (message.type === 'ping') return this.tell({ type: 'pong' })
    if (message.type === 'subscribe') return this.#subscribe(message)
    // One that has just ended is not known any more.
    const subscription = this.#subscriptions?.get(message.id)
    if (message.type === 'unsubscribe') this.forget(message.id)
    else subscription?.grant(message.items)
  }

  forget(id: number): void {
    const subscription = this.#subscriptions?.get(id)
    this.#subscriptions?.delete(id)
    subscription?.leave()
  }

  leaveAll(): void {
    const subscriptions = [...(this.#subscriptions?.values() ?? [])]
    this.#subscriptions = undefined
    for (const subscription of subscriptions) subscription.leave()
  }

  #subscribe({ id, stream, input, after }: Extract<ClientMessage, { type: 'subscribe' }>): void {
    this.#subscriptions ??= new Map()
    if (this.#subscriptions.has(id)) return this.closeWith('malformed')
    const subscription = new SocketSubscription(this, id)
    this.#subscriptions.set(id, subscription)
    try {
      if (this.#subscriptions.size > liveLimits.subscriptions)
        throw standardError('overloaded', `A socket has at most ${liveLimits.subscriptions} subscriptions.`)
      const definition = this.#door.streams.find(stream)
      const given = after === undefined ? input : { ...input, after }
      this.#door.streams
        .subscribe(definition, given, this.identity, subscription)
        ?.catch((error) => this.#refuse(subscription, error))
    } catch (error) {
      this.#refuse(subscription, error)
    }
  }

  #refuse(subscription: SocketSubscription, error: unknown): void {
    const { traceId } = continueTrace(undefined)
    if (!(error instanceof CallError)) this.#door.log.error({ err: error, traceId }, 'subscribing failed')
    subscription.end(error instanceof CallError ? error : standardError('internal'), traceId)
  }
}

class SocketSubscription extends Subscription {
  /** Items it may still be sent. */
  #credit = liveWindow
  readonly #socket: LiveSocket
  readonly #id: number

  constructor(socket: LiveSocket, id: number) {
    super()
    this.#socket = socket
    this.#id = id
  }

  get hasRoom(): boolean {
    return this.#credit > 0 && this.#socket.hasRoom
  }

  grant(items: number): void {
    this.#credit = Math.min(this.#credit + items, liveWindow)
    if (this.hasRoom) this.wake()
  }

  deliver(item: Item): void {
    this.#credit--
    this.#socket.deliver(item.message(this.#id))
  }

  end(error?: CallError, traceId = ''): void {
    if (this.isOver) return
    this.#socket.forget(this.#id)
    const id = this.#id
    this.#socket.tell(error ? { type: 'error', id, problem: problemOf(error, traceId) } : { type: 'end', id })
  }
}

const asText = { binary: false }

// One function for all sockets: a closure for each would be most of what a socket costs.
function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  const socket = this as LiveSocket
  if (socket.readyState !== WebSocket.OPEN) return
  if (++socket.messages > liveLimits.messages) return socket.closeWith('tooManyMessages')
  const message = isBinary ? undefined : parse(data as Buffer)
  if (message) socket.receive(message)
  else socket.closeWith('malformed')
}

function onPong(this: WebSocket): void {
  ;(this as LiveSocket).isAlive = true
}

function onClose(this: WebSocket): void {
  ;(this as LiveSocket).leaveAll()
}

/** A broken frame or connection: `close` follows. */
function onError(): void {}

function parse(data: Buffer): ClientMessage | undefined {
  try {
    return ClientMessage.safeParse(JSON.parse(data.toString())).data
  } catch {
    return undefined
  }
}
