/** An SMTP door: takes connections and answers them by a policy, until it is closed. */
import { randomBytes } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import type { Logger } from '#platform/log.ts'
import { converse } from './commands.ts'
import { Connection } from './connection.ts'
import type { Conversation, Door } from './conversation.ts'
import { defaultLimits, type SmtpLimits } from './limits.ts'
import { meters } from './meters.ts'
import type { DoorKind, SmtpPolicy } from './policy.ts'
import { Visitors } from './visitors.ts'

export interface SmtpServerOptions {
  kind: DoorKind
  host: string
  /** 0 takes a free one. */
  port: number
  /** What we call ourselves. */
  hostName: string
  /** Gives the certificate of now; `submissions` serves nobody without one. */
  secureContext?: () => SecureContext | undefined
  limits?: Partial<SmtpLimits>
  policy: SmtpPolicy
  log: Logger
}

export interface SmtpServer extends AsyncDisposable {
  readonly port: number
  readonly connections: number
  /** Takes no more connections, ends idle ones with 421, lets messages under way end, and cuts what is left then. */
  close(graceMs: number): Promise<void>
}

export async function openSmtpServer(options: SmtpServerOptions): Promise<SmtpServer> {
  const { kind, hostName, policy, log } = options
  const limits = { ...defaultLimits, ...options.limits }
  const secureContext = options.secureContext ?? (() => undefined)
  const door: Door = { kind, hostName, secureContext, limits, policy, log }
  const visitors = new Visitors(limits)
  const conversations = new Set<Conversation>()
  let isLeaving = false

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const address = plainAddress(socket.remoteAddress)
    if (address === undefined) return socket.destroy()
    const refusal = visitors.admit(address)
    meters.connections.inc({ door: kind, outcome: refusal === undefined ? 'accepted' : 'refused' })
    if (refusal !== undefined) return turnAway(socket, kind === 'submissions' ? '' : refusal)
    const conversation = begin(door, socket, address)
    const { connection, session } = conversation
    const failed = (error: unknown) => {
      log.error({ err: error, session: session.id, door: kind }, 'an SMTP session failed')
      connection.destroy()
    }
    conversations.add(conversation)
    meters.open.inc({ door: kind })
    connection.closed
      .then(() => {
        visitors.leave(address)
        conversations.delete(conversation)
        meters.open.dec({ door: kind })
        policy.closed?.(session)
      })
      .catch(failed)
    converse(conversation, () => isLeaving).catch(failed)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ host: options.host, port: options.port, backlog: 1_024 }, resolve)
  })

  async function close(graceMs: number): Promise<void> {
    isLeaving = true
    const closed = new Promise((resolve) => server.close(resolve))
    for (const { connection, session } of conversations) if (!session.transaction) connection.interrupt()
    const timer = setTimeout(() => {
      for (const { connection } of conversations) connection.destroy()
    }, graceMs)
    await Promise.all([closed, ...Array.from(conversations, ({ connection }) => connection.closed)])
    clearTimeout(timer)
  }
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return conversations.size
    },
    close,
    [Symbol.asyncDispose]: () => close(0),
  }
}

/** Of this process, so that no two sessions in the logs share an id. */
const runId = randomBytes(6).toString('hex')
let sessions = 0

function begin(door: Door, socket: Socket, address: string): Conversation {
  return {
    door,
    connection: new Connection(socket, door.limits.lingerMs),
    session: {
      id: `${runId}${(++sessions).toString(36)}`,
      door: door.kind,
      client: { address, port: socket.remotePort ?? 0 },
      helo: undefined,
      isExtended: false,
      tls: undefined,
      account: undefined,
      transaction: undefined,
    },
    transfer: undefined,
    messages: 0,
    badCommands: 0,
    idleCommands: 0,
    wrongPasswords: 0,
  }
}

/** A moment to read why, then nothing. */
const turnedAwayMs = 1_000

function turnAway(socket: Socket, answer: string): void {
  socket.on('error', () => {})
  socket.setTimeout(turnedAwayMs, () => socket.destroy())
  socket.end(answer)
  socket.on('end', () => socket.destroy())
  socket.resume()
}

function plainAddress(address: string | undefined): string | undefined {
  return address?.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
