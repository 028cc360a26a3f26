/** The live door: one WebSocket for each browser, over which it listens to streams. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocketServer } from 'ws'
import { standardError } from '#contracts/errors.ts'
import { liveHeartbeatMs, liveLimits, type liveCloseCodes } from '#contracts/live.ts'
import type { Identity } from '#platform/identity.ts'
import { counter, gauge } from '#platform/metrics.ts'
import type { EventStream } from './events.ts'
import { startHeartbeat } from './heartbeat.ts'
import { LiveSocket, type SocketDoor } from './socket.ts'

export interface LiveDoor extends AsyncDisposable {
  /** Those open at the moment. */
  readonly sockets: ReadonlySet<LiveSocket>
  /** Takes over a connection whose upgrade to a WebSocket was asked for. Throws `unavailable` while it drains. */
  accept(incoming: IncomingMessage, socket: Duplex, head: Buffer, identity: Identity): void
  /** The same for who showed a credential that is not good: a browser can read a close code, but no HTTP status. */
  turnAway(incoming: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends every socket and event stream whose identity is not true any more. */
  endSessions(isOver: (identity: Identity) => boolean): void
  /** Counts it among those to be ended. Throws `unavailable` while it drains. */
  add(events: EventStream): void
  /** Tells everyone to go elsewhere, not all at once. */
  drain(): Promise<void>
}

export interface LiveDoorOptions extends SocketDoor {
  stopGraceMs: number
  heartbeatMs?: number
}

/** Clients that are told to go at once come back at once, to the other gateways. */
const drainStep = { sockets: 200, everyMs: 20 }
const socketLimits = {
  maxPayload: liveLimits.messageBytes,
  /** For a client to answer the closing handshake; it reads first what was sent to it before. */
  closeTimeout: 10_000,
}

export function openLiveDoor(options: LiveDoorOptions): LiveDoor {
  const { streams, stopGraceMs, heartbeatMs = liveHeartbeatMs } = options
  const server = new WebSocketServer({ noServer: true, WebSocket: LiveSocket, ...socketLimits })
  const sockets = server.clients
  const eventStreams = new Set<EventStream>()
  const heartbeat = startHeartbeat(sockets, {
    roundMs: heartbeatMs,
    onBlocked: (socket) => close(socket, 'tooSlow'),
  })
  const beats = setInterval(() => eventStreams.forEach((events) => events.beat()), heartbeatMs).unref()
  gauge('dakghar_live_sockets', 'WebSockets open.', [], (metric) => metric.set(sockets.size))
  gauge('dakghar_live_event_streams', 'Server-sent event streams open.', [], (metric) =>
    metric.set(eventStreams.size),
  )
  gauge('dakghar_live_feeds', 'Streams read from services for them.', [], (metric) =>
    metric.set(streams.feeds),
  )

  const close = (socket: LiveSocket, reason: keyof typeof liveCloseCodes) => {
    closed.inc({ reason })
    socket.closeWith(reason)
  }

  let isDraining = false
  const refuseWhenDraining = () => {
    if (isDraining) throw standardError('unavailable', 'This gateway stops.', { retryAfterSeconds: 1 })
  }

  async function drain(): Promise<void> {
    isDraining = true
    for (const events of eventStreams) events.end()
    const all = [...sockets]
    const share = Math.max(drainStep.sockets, Math.ceil((all.length * drainStep.everyMs * 2) / stopGraceMs))
    for (let at = 0; at < all.length; at += share) {
      for (const socket of all.slice(at, at + share)) close(socket, 'goingAway')
      await delay(drainStep.everyMs)
    }
  }

  return {
    sockets,
    accept(incoming, socket, head, identity) {
      refuseWhenDraining()
      server.handleUpgrade(incoming, socket, head, (live) => live.open(options, socket, identity))
    },
    turnAway(incoming, socket, head) {
      server.handleUpgrade(incoming, socket, head, (live) => close(live, 'sessionEnded'))
    },
    endSessions(isOver) {
      for (const socket of sockets) if (isOver(socket.identity)) close(socket, 'sessionEnded')
      for (const events of eventStreams) if (isOver(events.identity)) events.end()
    },
    add(events) {
      refuseWhenDraining()
      eventStreams.add(events)
      events.once('close', () => eventStreams.delete(events))
    },
    drain,
    async [Symbol.asyncDispose]() {
      heartbeat[Symbol.dispose]()
      clearInterval(beats)
      const giveUpAt = Date.now() + stopGraceMs
      await drain()
      while (sockets.size > 0 && Date.now() < giveUpAt) await delay(drainStep.everyMs)
      for (const socket of sockets) socket.terminate()
    },
  }
}

const closed = counter('dakghar_live_closes_total', 'WebSockets closed by the gateway.', ['reason'])
