import type { SecureContext } from 'node:tls'
import type { Logger } from '#platform/log.ts'
import type { Connection, LineFault } from './connection.ts'
import type { SmtpLimits } from './limits.ts'
import type { Answer, DoorKind, Recipient, Sender, SmtpPolicy, SmtpSession } from './policy.ts'
import type { Transfer } from './transfer.ts'

export interface Door {
  kind: DoorKind
  /** What we call ourselves. */
  hostName: string
  /** The certificate of now; asked at each handshake. Without one no TLS is offered. */
  secureContext: () => SecureContext | undefined
  limits: SmtpLimits
  policy: SmtpPolicy
  log: Logger
}

/** All that one connection is made of. */
export interface Conversation {
  readonly door: Door
  readonly connection: Connection
  readonly session: Session
  /** The message whose BDAT chunks are coming. */
  transfer: Transfer | undefined
  messages: number
  badCommands: number
  idleCommands: number
  wrongPasswords: number
}

type Session = Omit<Writable<SmtpSession>, 'transaction'> & {
  transaction: { sender: Sender; recipients: Recipient[] } | undefined
}
type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** Several lines where the text has several. Without an enhanced code where the protocol has none: RFC 2034 §4. */
export interface Reply {
  code: number
  enhanced: string
  text: string
  /** The connection ends with it. */
  closes?: boolean
}

export function reply(code: number, enhanced: string, text: string): Reply {
  return { code, enhanced, text }
}

export function lastReply(code: number, enhanced: string, text: string): Reply {
  return { code, enhanced, text, closes: true }
}

/** What a policy says, or that it failed, which is logged. */
export async function ask<T>(
  { door, session }: Conversation,
  question: () => Promise<T> | undefined,
): Promise<T | Answer | undefined> {
  try {
    return await question()
  } catch (error) {
    door.log.error({ err: error, session: session.id, door: door.kind }, 'an SMTP command failed')
    return localError
  }
}

export const localError: Answer = {
  code: 451,
  enhanced: '4.3.0',
  text: 'Something failed here, try again later',
}

/** What ends a connection whose next line cannot be had; undefined where nobody is there to hear it. */
export function replyToFault(fault: LineFault): Reply | undefined {
  switch (fault) {
    case 'late':
      return lastReply(421, '4.4.2', 'Nothing was said for too long')
    case 'interrupted':
      return leavingReply
    case 'tooLong':
      return lastReply(500, '5.5.2', 'That line is too long')
    case 'bareLineFeed':
      return lastReply(500, '5.5.2', 'Lines end with CR LF')
    case 'gone':
    case 'binary':
      return undefined
  }
}

export const leavingReply: Reply = lastReply(421, '4.3.2', 'This server is stopping, try again soon')

/** Forgets sender and recipients, and a message that has begun. */
export async function resetTransaction(conversation: Conversation): Promise<void> {
  const { transfer } = conversation
  conversation.transfer = undefined
  await transfer?.abandon('taken back')
  conversation.session.transaction = undefined
}
