/** One try to bring a message to its recipients at one domain. */
import type { RecipientRow, Outcome } from '../store/recipients.ts'
import type { SubmissionRow } from '../store/submissions.ts'
import { asciiAddress } from '../mime/addresses.ts'
import type { Connection } from './client/connection.ts'
import { Fault } from './client/fault.ts'
import { replyText, statusOf, type Reply } from './client/reply.ts'
import { transact, type OutgoingMessage, type OutgoingRecipient } from './client/transaction.ts'
import type { Content } from './content.ts'
import type { Dialed, DialFailure } from './dial.ts'

export interface Attempt {
  submission: SubmissionRow
  recipients: readonly RecipientRow[]
  content: Content
  /** Of the content, with CRLF. */
  signature: string
  /** The same in 7-bit form with a signature of its own. */
  toSevenBit(): Promise<{ content: Content; signature: string }>
  /** A connection that was used before. */
  reuse(): Dialed | undefined
  dial(): Promise<Dialed | DialFailure>
  /** Takes a connection back after a transaction. */
  release(dialed: Dialed): void
  /** Keeps what became of recipients. */
  record(outcomes: Outcome[]): Promise<void>
  /** Whether the message is still ours to send. */
  mayEnd(): boolean
}

/** `unreachable`: the destination could not even be talked to. */
export type AttemptEnd = 'reached' | 'unreachable'

const mostRecipients = 100

export async function attempt(given: Attempt): Promise<AttemptEnd> {
  let waiting = given.recipients
  for (let mayReuse = true; waiting.length > 0;) {
    const reused = mayReuse ? given.reuse() : undefined
    const dialed = reused ?? (await given.dial())
    if (!('connection' in dialed)) {
      await given.record(waiting.map((recipient) => failureOutcome(recipient, dialed)))
      return dialed.isUnreachable ? 'unreachable' : 'reached'
    }
    const { maxRecipients = mostRecipients } = dialed.connection.capabilities
    const batch = waiting.slice(0, Math.min(maxRecipients, mostRecipients))
    const end = await carry(given, dialed, batch)
    if (end.fault && reused && end.fault.stage === 'transaction') {
      // The server had enough of the old connection; a new one tells how it is.
      mayReuse = false
      continue
    }
    await given.record(end.fault ? batch.map((each) => faultOutcome(each, dialed, end.fault!)) : end.outcomes)
    if (end.fault) return 'reached'
    const done = new Set(end.outcomes.map(({ address }) => address))
    waiting = waiting.filter(({ address }) => !done.has(address))
  }
  return 'reached'
}

type Carried = { fault: Fault; outcomes?: undefined } | { fault?: undefined; outcomes: Outcome[] }

async function carry(given: Attempt, dialed: Dialed, batch: readonly RecipientRow[]): Promise<Carried> {
  const { connection } = dialed
  try {
    const prepared = await prepare(given, connection)
    if ('status' in prepared) {
      given.release(dialed)
      const refused = { ...prepared, server: connection.target.host, isUnreachable: false }
      return { outcomes: batch.map((recipient) => failureOutcome(recipient, refused)) }
    }
    const rows = new Map(batch.map((row) => [outgoing(row), row] as const))
    const { answered } = await transact(connection, prepared, [...rows.keys()])
    given.release(dialed)
    return { outcomes: [...answered].map(([to, reply]) => replyOutcome(rows.get(to)!, dialed, reply)) }
  } catch (error) {
    connection[Symbol.dispose]()
    if (error instanceof Fault) return { fault: error }
    throw error
  }
}

/** What this server can be given, or why it can't. */
async function prepare(
  given: Attempt,
  { capabilities }: Connection,
): Promise<OutgoingMessage | { status: string; reason: string }> {
  const { submission, recipients } = given
  const addresses = [submission.sender, ...recipients.map(({ address }) => address)]
  const isInternational = given.content.hasEightBitHeader || addresses.some(hasForeignLocalPart)
  if (isInternational && !capabilities.isInternational)
    return {
      status: '5.6.7',
      reason: 'The server does not take addresses or header fields in other scripts than Latin.',
    }
  const mustConvert = given.content.hasEightBitBody && !capabilities.isEightBit
  const { content, signature } = mustConvert ? await given.toSevenBit() : given
  if (content.hasLongLine) return { status: '5.6.0', reason: 'A line of the message is too long to be sent.' }
  if (mustConvert && content.hasEightBitBody)
    return {
      status: '5.6.3',
      reason: 'The server takes 7-bit messages only, and this one can’t be changed into one.',
    }
  const head = Buffer.from(signature + submission.prefix)
  const sizeBytes = head.length + content.sizeBytes
  const { maxBytes = Infinity } = capabilities
  if (sizeBytes > maxBytes)
    return {
      status: '5.3.4',
      reason: `The message has ${sizeBytes} octets; the server takes ${maxBytes} at most.`,
    }
  return {
    sender: asciiAddress(submission.sender),
    sizeBytes,
    isEightBit: content.hasEightBitBody || isInternational,
    isInternational,
    returns: submission.returns,
    // Reports of others then name the submission, where the author asked for no name of his own.
    envelopeId: submission.sender === '' ? submission.envelopeId : (submission.envelopeId ?? submission.id),
    open: async () => withHead(head, content.open()),
    mayEnd: () => given.mayEnd(),
  }
}

async function* withHead(head: Buffer, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head
  yield* content
}

function outgoing({ address, notify, originalRecipient }: RecipientRow): OutgoingRecipient {
  return { address: asciiAddress(address), notify, originalRecipient }
}

function hasForeignLocalPart(address: string): boolean {
  return /[^\0-\x7f]/.test(address.slice(0, Math.max(0, address.lastIndexOf('@'))))
}

function failureOutcome(
  { address }: RecipientRow,
  { status, reason, server }: Omit<DialFailure, 'isUnreachable'>,
): Outcome {
  const state = status.startsWith('5') ? 'failed' : 'delayed'
  return { address, state, server, answer: reason, status, tls: undefined, tlsPolicy: undefined }
}

function replyOutcome({ address }: RecipientRow, dialed: Dialed, reply: Reply): Outcome {
  const state = reply.code < 300 ? 'relayed' : reply.code >= 500 ? 'failed' : 'delayed'
  const passesReports = dialed.connection.capabilities.takesReports
  return {
    address,
    state,
    ...factsOf(dialed),
    answer: replyText(reply),
    status: statusOf(reply),
    passesReports,
  }
}

function faultOutcome({ address }: RecipientRow, dialed: Dialed, fault: Fault): Outcome {
  const status = fault.reply ? statusOf(fault.reply) : '4.4.2'
  const isOver = fault.reply !== undefined && fault.reply.code >= 500
  return { address, state: isOver ? 'failed' : 'delayed', ...factsOf(dialed), answer: fault.message, status }
}

function factsOf({ connection, tlsPolicy }: Dialed): Pick<Outcome, 'server' | 'tls' | 'tlsPolicy'> {
  return { server: connection.target.host, tls: connection.tls?.protocol, tlsPolicy }
}
