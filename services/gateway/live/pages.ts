/** How requests come to the live door: upgrades to a WebSocket, and server-sent events. */
import { CallError, standardError } from '#contracts/errors.ts'
import type { Page } from '#services/gateway/http/exchange.ts'
import type { Cors } from '#services/gateway/protection/cors.ts'
import type { Upgrade } from '#services/gateway/http/upgrade.ts'
import { addressReader, queryOf } from '#services/gateway/rest/input.ts'
import type { StreamRoute } from '#services/gateway/rest/routes.ts'
import { senderOf } from '#services/gateway/sessions/cross-site.ts'
import type { Identify } from '#services/gateway/sessions/identify.ts'
import type { LiveDoor } from './door.ts'
import { EventStream } from './events.ts'
import type { Streams } from './streams.ts'

export interface LivePages {
  live: LiveDoor
  streams: Streams
  identify: Identify
  /** Pages of origins that it allows may connect as ours do. */
  cors: Cors | undefined
}

/** RFC 6455 §10.2: pages of other sites may open sockets too. */
export function liveUpgrade({ live, identify, cors }: LivePages): Upgrade {
  return async (incoming, socket, head) => {
    if (senderOf(incoming.headers, cors) === 'foreign')
      throw standardError('forbidden', 'Pages of this origin may not connect.')
    try {
      live.accept(incoming, socket, head, await identify(incoming))
    } catch (error) {
      if (!(error instanceof CallError) || error.code !== 'unauthenticated') throw error
      live.turnAway(incoming, socket, head)
    }
  }
}

/** RFC 9110 §15.5.22. */
export const upgradeRequired: Page = async () => ({
  status: 426,
  headers: { upgrade: 'websocket', connection: 'upgrade', 'content-type': 'text/plain; charset=utf-8' },
  body: 'This is a WebSocket; /api/docs#live says how to speak to it.\n',
})

/** The stream from now on, behind `after`, or behind the `Last-Event-ID` with which a browser comes back. */
export function eventsPage(route: StreamRoute, { live, streams, identify }: Omit<LivePages, 'cors'>): Page {
  const read = addressReader(route)
  return async (c) => {
    const { headers, url = '' } = c.env.incoming
    const identity = await identify(c.env.incoming, c.env.outgoing)
    const query = new URLSearchParams(queryOf(url))
    const lastEventId = headers['last-event-id']
    if (typeof lastEventId === 'string' && lastEventId !== '') query.set('after', decodeHeader(lastEventId))
    const { path, query: given } = read(c, query)
    const events = new EventStream(identity)
    live.add(events)
    try {
      await streams.subscribe(route.definition, { ...given, ...path }, identity, events.subscription)
    } catch (error) {
      events.destroy()
      throw error
    }
    return { status: 200, headers: { ...eventHeaders }, body: events }
  }
}

const eventHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // nginx would keep events back until its buffer is full.
  'x-accel-buffering': 'no',
}

/** Browsers send the id as UTF-8, Node reads headers as Latin-1. */
function decodeHeader(text: string): string {
  return Buffer.from(text, 'latin1').toString()
}
