/** Connections that ask to go on as a WebSocket, RFC 6455 §4.1. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { CallError, standardError } from '#contracts/errors.ts'
import type { Logger } from '#platform/log.ts'
import { counter } from '#platform/metrics.ts'
import { continueTrace } from '#platform/trace.ts'
import type { Protection } from '#services/gateway/protection/protection.ts'
import { problemAnswer } from './problem.ts'
import { writeRaw } from './raw.ts'

/** Takes the connection over. A `CallError` that it throws is the answer instead. */
export type Upgrade = (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void | Promise<void>

export interface Upgrades {
  /** Whether the request is to leave HTTP. Any other is answered as if it had not asked (RFC 9110 §7.8). */
  wants(this: void, incoming: IncomingMessage): boolean
  take(this: void, incoming: IncomingMessage, socket: Duplex, head: Buffer): void
}

/** Where nothing but HTTP is spoken. */
export const noUpgrades: Upgrades = { wants: () => false, take: (_, socket) => void socket.destroy() }

/** `find` knows who takes over the connections of a path, undefined where nobody does. */
export function upgradesTo(
  find: (path: string) => Upgrade | undefined,
  { log, protection }: { log: Logger; protection: Protection },
): Upgrades {
  return {
    wants: (incoming) =>
      incoming.method === 'GET' &&
      incoming.headers.upgrade?.toLowerCase() === 'websocket' &&
      find(pathOf(incoming)) !== undefined,
    take: (incoming, socket, head) => void take(incoming, socket, head),
  }

  async function take(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { traceId } = continueTrace(undefined)
    // Until somebody takes over: a client that goes away is no news.
    const onError = () => socket.destroy()
    socket.on('error', onError)
    const error = await upgrade(incoming, socket, head)
    const facts = { route: pathOf(incoming), client: incoming.socket.remoteAddress, traceId }
    log.info({ method: 'GET', status: error?.status ?? 101, ...facts }, 'upgrade')
    upgraded.inc({ status: error?.status ?? 101 })
    if (error?.cause) log.error({ err: error.cause, ...facts }, 'upgrade failed')
    if (error) writeRaw(socket, problemAnswer(error, traceId))
    else socket.off('error', onError)
  }

  /** Gives why it was refused. */
  async function upgrade(
    incoming: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<CallError | undefined> {
    const refusal = protection.refusalOfUpgrade(incoming, socket)
    if (refusal) return refusal
    try {
      await find(pathOf(incoming))!(incoming, socket, head)
      return undefined
    } catch (error) {
      return error instanceof CallError ? error : Object.assign(standardError('internal'), { cause: error })
    }
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0]!
}

const upgraded = counter('dakghar_http_upgrades_total', 'Requests to go on as a WebSocket.', ['status'])
