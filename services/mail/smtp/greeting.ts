/** The first words: the greeting, HELO and EHLO (RFC 5321 §4.1.1.1), STARTTLS (RFC 3207). */
import { setTimeout as sleep } from 'node:timers/promises'
import { mechanisms } from './authenticate.ts'
import {
  ask,
  lastReply,
  reply,
  resetTransaction,
  type Conversation,
  type Door,
  type Reply,
} from './conversation.ts'

/** Undefined where the client is gone. */
export async function greet(conversation: Conversation): Promise<Reply | undefined> {
  const { connection, door, session } = conversation
  const { limits, kind } = door
  if (kind === 'submissions' && !(await secure(conversation))) return undefined
  const isWaiting = kind === 'receive' && limits.greetingDelayMs > 0 && !knows(door, session.client.address)
  const [refusal] = await Promise.all([
    ask(conversation, () => door.policy.connect?.(session)),
    isWaiting && sleep(limits.greetingDelayMs),
  ])
  if (refusal) return { ...refusal, closes: true }
  if (isWaiting && connection.hasInput)
    return lastReply(421, '4.7.0', 'Wait for the greeting before you talk')
  if (isWaiting) remember(door, session.client.address)
  return reply(220, '', `${door.hostName} ESMTP`)
}

export async function helo(conversation: Conversation, argument: string): Promise<Reply> {
  return (await introduce(conversation, argument, false)) ?? reply(250, '', conversation.door.hostName)
}

export async function ehlo(conversation: Conversation, argument: string): Promise<Reply> {
  const refusal = await introduce(conversation, argument, true)
  if (refusal) return refusal
  const { hostName, kind, limits, secureContext } = conversation.door
  const ways = mechanisms(conversation)
  const lines = [
    hostName,
    'PIPELINING',
    `SIZE ${limits.messageBytes}`,
    ...(!conversation.session.tls && kind !== 'submissions' && secureContext() ? ['STARTTLS'] : []),
    ...(ways.length > 0 ? [`AUTH ${ways.join(' ')}`] : []),
    'ENHANCEDSTATUSCODES',
    '8BITMIME',
    'DSN',
    'SMTPUTF8',
    'CHUNKING',
    // RFC 9422
    `LIMITS RCPTMAX=${limits.recipients} MAILMAX=${limits.messagesPerConnection}`,
  ]
  return reply(250, '', lines.join('\n'))
}

export async function startTls(conversation: Conversation, argument: string): Promise<Reply | undefined> {
  const { connection, door, session } = conversation
  if (argument !== '') return reply(501, '5.5.4', 'STARTTLS has no argument')
  if (session.tls) return reply(503, '5.5.1', 'TLS is on')
  if (!door.secureContext()) return reply(454, '4.7.0', 'There is no certificate now')
  // RFC 3207 §4.2: what came before TLS could be from somebody else.
  if (connection.hasInput) return lastReply(554, '5.5.0', 'Nothing may follow STARTTLS before TLS is on')
  connection.write('220 2.0.0 Go ahead\r\n')
  await resetTransaction(conversation)
  session.helo = undefined
  session.isExtended = false
  await secure(conversation)
  return undefined
}

async function secure({ connection, door, session }: Conversation): Promise<boolean> {
  const context = door.secureContext()
  if (!context) connection.destroy()
  session.tls = context && (await connection.secure(context, door.limits.tlsHandshakeMs))
  return session.tls !== undefined
}

async function introduce(
  conversation: Conversation,
  argument: string,
  isExtended: boolean,
): Promise<Reply | undefined> {
  if (!/^[^\s]{1,255}$/.test(argument))
    return reply(501, '5.5.4', 'Say who you are: a domain, or an address in brackets')
  await resetTransaction(conversation)
  conversation.session.helo = argument
  conversation.session.isExtended = isExtended
  return undefined
}

/** Clients that have waited for the greeting are not tried again for so long, so many of them. */
const knownMs = 3_600_000
const knownClients = 10_000
const known = new WeakMap<Door, Map<string, number>>()

function knows(door: Door, address: string): boolean {
  return (known.get(door)?.get(address) ?? 0) > Date.now() - knownMs
}

function remember(door: Door, address: string): void {
  const clients = known.get(door) ?? new Map<string, number>()
  known.set(door, clients)
  clients.delete(address)
  clients.set(address, Date.now())
  if (clients.size > knownClients) clients.delete(clients.keys().next().value!)
}
