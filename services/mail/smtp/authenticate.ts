/** AUTH: RFC 4954, with PLAIN (RFC 4616), LOGIN and SCRAM-SHA-256. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  ask,
  lastReply,
  localError,
  reply,
  replyToFault,
  type Conversation,
  type Reply,
} from './conversation.ts'
import { meters } from './meters.ts'
import type { Answer, SmtpAccount, SmtpAuthentication } from './policy.ts'
import { checkClientFinal, prepared, readClientFirst, serverFirst } from './scram.ts'

/** RFC 4954 §4 */
export const authLineBytes = 12_288

/** Strongest first. */
export function mechanisms({ connection, door, session }: Conversation): string[] {
  const { authentication } = door.policy
  if (door.kind === 'receive' || !session.tls || !authentication) return []
  if (!authentication.scramCredentials || !authentication.scramAccount) return ['PLAIN', 'LOGIN']
  const bound = connection.exportedKey() ? ['SCRAM-SHA-256-PLUS'] : []
  return [...bound, 'SCRAM-SHA-256', 'PLAIN', 'LOGIN']
}

export async function auth(conversation: Conversation, argument: string): Promise<Reply | undefined> {
  const { door, session } = conversation
  if (!session.tls) return reply(538, '5.7.11', 'Signing in needs TLS')
  const { authentication } = door.policy
  if (door.kind === 'receive' || !authentication) return reply(502, '5.5.1', 'Nobody signs in here')
  if (!session.isExtended) return reply(503, '5.5.1', 'Say EHLO first')
  if (session.account) return reply(503, '5.5.1', 'You are signed in')
  if (session.transaction) return reply(503, '5.5.1', 'A transaction is open')
  const [name = '', initial, ...more] = argument.split(' ')
  const mechanism = name.toUpperCase()
  if (!mechanisms(conversation).includes(mechanism) || more.length > 0)
    return reply(504, '5.5.4', 'That way of signing in is not known here')

  const startedAt = performance.now()
  const exchange: Exchange = { conversation, authentication, initial, isBound: mechanism.endsWith('-PLUS') }
  const outcome = await ask(conversation, () => exchanged(exchange, mechanism))
  return outcome instanceof Cut ? outcome.reply : await answerTo(conversation, mechanism, outcome, startedAt)
}

interface Exchange {
  conversation: Conversation
  authentication: SmtpAuthentication
  /** The initial response as sent. */
  initial: string | undefined
  isBound: boolean
}

type Outcome = SmtpAccount | 'later' | undefined

async function exchanged(exchange: Exchange, mechanism: string): Promise<Outcome | Cut> {
  try {
    return await ways[mechanism]!(exchange)
  } catch (error) {
    if (error instanceof Cut) return error
    throw error
  }
}

const ways: Record<string, (exchange: Exchange) => Promise<Outcome>> = {
  PLAIN: plain,
  LOGIN: login,
  'SCRAM-SHA-256': scram,
  'SCRAM-SHA-256-PLUS': scram,
}

async function plain(exchange: Exchange): Promise<Outcome> {
  const response = await respond(exchange, '')
  const [actAs, user = '', password, ...more] = response.split('\0')
  if (password === undefined || more.length > 0 || (actAs !== '' && actAs !== user)) return undefined
  return checkPassword(exchange, user, password)
}

async function login(exchange: Exchange): Promise<Outcome> {
  const user = await respond(exchange, 'Username:')
  return checkPassword(exchange, user, await respond(exchange, 'Password:'))
}

async function checkPassword(exchange: Exchange, user: string, password: string): Promise<Outcome> {
  const [name, secret] = [prepared(user), prepared(password)]
  if (!name || !secret) return undefined
  return exchange.authentication.checkPassword(name, secret, exchange.conversation.session)
}

async function scram(exchange: Exchange): Promise<Outcome> {
  const { authentication, conversation, isBound } = exchange
  const { connection, session } = conversation
  const exported = connection.exportedKey()
  const first = readClientFirst(await respond(exchange, ''))
  // RFC 5802 §6: a client that believes we cannot bind has been lied to, if we can.
  const isDowngraded = first?.binding === 'unused' && exported !== undefined
  if (!first || isDowngraded || isBound !== (first.binding === 'tls-exporter')) return undefined
  const credentials = await authentication.scramCredentials!(first.user, session)
  if (credentials === 'later') return credentials

  const challenge = serverFirst(first, randomBytes(18).toString('base64'), credentials)
  const final = await respond(exchange, challenge)
  const proved = checkClientFinal(first, challenge, final, exported, credentials.keys)
  if (!proved) return authentication.scramAccount!(first.user, undefined, session)
  // SMTP has no data with success: the client answers what proves us with an empty line.
  await respond(exchange, proved.serverFinal)
  return authentication.scramAccount!(first.user, proved.keyId, session)
}

/** Ends the exchange without a verdict. */
class Cut extends Error {
  readonly reply: Reply | undefined

  constructor(answer: Reply | undefined) {
    super('the exchange was cut')
    this.reply = answer
  }
}

/** The client's next response, decoded; the first may have come with the command. */
async function respond(exchange: Exchange, challenge: string): Promise<string> {
  const { connection, door } = exchange.conversation
  let encoded = exchange.initial
  exchange.initial = undefined
  if (encoded === undefined) {
    connection.write(`334 ${Buffer.from(challenge).toString('base64')}\r\n`)
    const read = await connection.readLine(authLineBytes, door.limits.idleMs)
    if ('fault' in read) throw new Cut(replyToFault(read.fault))
    encoded = read.line.toString('latin1')
  } else if (encoded === '=') encoded = ''
  if (encoded === '*') throw new Cut(reply(501, '5.7.0', 'Given up'))
  if (!/^[A-Za-z\d+/]*={0,2}$/.test(encoded) || encoded.length % 4 !== 0)
    throw new Cut(reply(501, '5.5.2', 'That is not base64'))
  return Buffer.from(encoded, 'base64').toString('utf8')
}

async function answerTo(
  conversation: Conversation,
  mechanism: string,
  account: Outcome | Answer,
  startedAt: number,
): Promise<Reply> {
  const { door, session } = conversation
  const isRight = typeof account === 'object' && 'accountId' in account
  const outcome = isRight ? 'right' : account === undefined ? 'wrong' : 'later'
  meters.signIns.inc({ mechanism, outcome })
  if (isRight) {
    session.account = account
    return reply(235, '2.7.0', 'You are signed in')
  }
  const restMs = door.limits.wrongPasswordMs - (performance.now() - startedAt)
  if (restMs > 0) await sleep(restMs)
  door.log.info({ session: session.id, address: session.client.address, mechanism, outcome }, 'AUTH failed')
  if (account === 'later') return reply(454, '4.7.0', 'Signing in is not possible now, try again later')
  if (account !== undefined) return localError
  const isLast = ++conversation.wrongPasswords >= door.limits.wrongPasswords
  return (isLast ? lastReply : reply)(535, '5.7.8', 'User name or password are not right')
}
