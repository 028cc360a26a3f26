/** What the SMTP engine asks its owner, and what it tells of a session. The engine keeps nothing beyond a session. */
import type { MailPath } from './address.ts'

/** `receive`: port 25, from anyone to us. `submission`: 587, STARTTLS and AUTH first. `submissions`: 465, TLS at once. */
export type DoorKind = 'receive' | 'submission' | 'submissions'

/** The engine makes it fit for the wire: one line of printable characters, or several split at line feeds. */
export interface Answer {
  /** 2yz accepts, 4yz and 5yz refuse. 421 also closes the connection. */
  code: number
  /** RFC 3463, such as `5.7.1`. */
  enhanced: string
  text: string
}

/** An answer of 4yz or 5yz. */
export type Refusal = Answer

export interface SmtpClient {
  /** IPv4 addresses that came mapped into IPv6 are plain. */
  address: string
  port: number
}

export interface SmtpAccount {
  accountId: string
  address: string
}

/** One object for a connection, which a policy may use as a key of its own knowledge (`WeakMap`). */
export interface SmtpSession {
  /** For logs and trace headers. */
  readonly id: string
  readonly door: DoorKind
  readonly client: SmtpClient
  /** What the client called itself, as sent; undefined before HELO or EHLO. */
  readonly helo: string | undefined
  readonly isExtended: boolean
  readonly tls: { protocol: string; cipher: string } | undefined
  readonly account: SmtpAccount | undefined
  /** Undefined outside of a transaction. */
  readonly transaction: SmtpTransaction | undefined
}

export interface SmtpTransaction {
  readonly sender: Sender
  /** Those that were accepted. */
  readonly recipients: readonly Recipient[]
}

export interface Sender {
  /** Undefined is the null sender, `<>`. */
  path: MailPath | undefined
  /** RFC 1870; undefined where the client did not say. */
  declaredBytes: number | undefined
  body: '7BIT' | '8BITMIME' | undefined
  isInternational: boolean
  /** RFC 3461 §4.3 */
  returns: 'FULL' | 'HDRS' | undefined
  /** RFC 3461 §4.4, decoded. */
  envelopeId: string | undefined
}

export interface Recipient {
  path: MailPath
  /** RFC 3461 §4.1; undefined where the client left it to us. */
  notify: 'NEVER' | readonly NotifyWhen[] | undefined
  /** RFC 3461 §4.2, decoded: type `rfc822` or `utf-8`, in lower case. */
  originalRecipient: { type: string; address: string } | undefined
}

export type NotifyWhen = 'SUCCESS' | 'FAILURE' | 'DELAY'

/**
 * The message with dot-stuffing undone, to be iterated once; lines end with CR LF. It throws `ContentError` where the
 * client goes away or what comes is refused: whatever was kept of it must then be dropped, and the answer is the
 * engine's own. The facts are final when the iteration has ended.
 */
export interface SmtpContent extends AsyncIterable<Buffer> {
  readonly sizeBytes: number
  /** A line above 1,000 octets with CR LF, the limit of RFC 5321 §4.5.3.1.6. */
  readonly hasLongLine: boolean
  /** Bare CR, LF or NUL stood in it: submission only. */
  readonly isRepaired: boolean
}

export interface SmtpPolicy {
  /** Before the greeting. A refusal is the greeting, and closes. */
  connect?(session: SmtpSession): Promise<Refusal | undefined>
  /** Submission doors only; needed there. */
  authentication?: SmtpAuthentication
  mailFrom(session: SmtpSession, sender: Sender): Promise<Refusal | undefined>
  /** Not asked again for a recipient that the transaction already has. */
  recipient(session: SmtpSession, recipient: Recipient): Promise<Refusal | undefined>
  /** Starts before the first octet is there. Resolves when the message is as durable as the answer says. */
  message(session: SmtpSession, content: SmtpContent): Promise<Answer>
  /** The connection is gone. */
  closed?(session: SmtpSession): void
}

/** `later`: cannot be told now, or too many tries; the client hears 454. */
export interface SmtpAuthentication {
  checkPassword(
    user: string,
    password: string,
    session: SmtpSession,
  ): Promise<SmtpAccount | 'later' | undefined>
  /** Gives made-up credentials for unknown users, always the same for a name. Without it SCRAM is not offered. */
  scramCredentials?(user: string, session: SmtpSession): Promise<ScramCredentials | 'later'>
  /** Who holds the key whose proof was right; `keyId` is undefined where none was, which counts as a wrong try. */
  scramAccount?(
    user: string,
    keyId: string | undefined,
    session: SmtpSession,
  ): Promise<SmtpAccount | 'later' | undefined>
}

/** Of all the passwords of a user: RFC 5802 §3. */
export interface ScramCredentials {
  salt: Buffer
  iterations: number
  keys: readonly { id: string; storedKey: Buffer; serverKey: Buffer }[]
}

/** The word after `with` in a trace header: RFC 3848, RFC 6531 §4.3. */
export function protocolOf({ isExtended, tls, account, transaction }: SmtpSession): string {
  if (!isExtended) return 'SMTP'
  const base = transaction?.sender.isInternational ? 'UTF8SMTP' : 'ESMTP'
  return `${base}${tls ? 'S' : ''}${account ? 'A' : ''}`
}

/** Why a message ended before its end. */
export class ContentError extends Error {
  readonly answer: Answer | undefined

  /** Without an answer the client is gone, or took the message back. */
  constructor(message: string, answer?: Answer) {
    super(message)
    this.name = 'ContentError'
    this.answer = answer
  }
}
