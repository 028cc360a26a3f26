/** What one door bears. */

export interface SmtpLimits {
  connections: number
  /** From one IPv4 address or one IPv6 /64. */
  connectionsPerAddress: number
  messageBytes: number
  headerBytes: number
  /** Received fields above this make a loop: RFC 5321 §6.3 asks for at least 100. */
  receivedFields: number
  /** RFC 5321 §4.5.3.1.8: at least 100. */
  recipients: number
  messagesPerConnection: number
  /** Commands that were wrong, after which the connection is closed. */
  badCommands: number
  /** Commands in a row that lead to no message, and recipients refused. */
  idleCommands: number
  wrongPasswords: number
  /** RFC 5321 §4.5.3.2.7: 5 min for the next command. */
  idleMs: number
  /** From DATA or the first BDAT to the message's end. */
  dataMs: number
  tlsHandshakeMs: number
  /** Who talks before the greeting is no mail server. `receive` only; 0 greets at once and does not look. */
  greetingDelayMs: number
  /** An AUTH that fails is answered no sooner than this after it began, whatever failed. */
  wrongPasswordMs: number
  /** How long a connection we end is drained, so that the last answer is read and not lost to a reset. */
  lingerMs: number
}

export const defaultLimits: SmtpLimits = {
  connections: 2_000,
  connectionsPerAddress: 50,
  messageBytes: 64 * 1024 * 1024,
  headerBytes: 1024 * 1024,
  receivedFields: 100,
  recipients: 100,
  messagesPerConnection: 1_000,
  badCommands: 25,
  idleCommands: 200,
  wrongPasswords: 3,
  idleMs: 300_000,
  dataMs: 1_800_000,
  tlsHandshakeMs: 30_000,
  greetingDelayMs: 200,
  wrongPasswordMs: 1_000,
  lingerMs: 5_000,
}
