import { command, type Connection } from './connection.ts'
import { Fault } from './fault.ts'
import { replyText, type Reply } from './reply.ts'
import { withDots } from './stuffing.ts'
import { encodeXtext } from './xtext.ts'

export interface OutgoingMessage {
  /** Envelope sender; empty for none. */
  sender: string
  /** With what stands before it. */
  sizeBytes: number
  isEightBit: boolean
  isInternational: boolean
  /** RFC 3461; used where the server knows it. */
  returns: 'FULL' | 'HDRS' | undefined
  envelopeId: string | undefined
  /** Lines end with CR LF. Asked once, when the server is ready to take it. */
  open(): Promise<AsyncIterable<Buffer>>
  /** Asked before the end of the message is sent: false gives up instead. */
  mayEnd(): boolean
}

export interface OutgoingRecipient {
  address: string
  notify: string | undefined
  /** `rfc822;address` */
  originalRecipient: string | undefined
}

/** The answer that decides of each recipient. `undecided` were not asked for: they go with another transaction. */
export interface Answers {
  answered: Map<OutgoingRecipient, Reply>
  undecided: OutgoingRecipient[]
}

/**
 * One message to some recipients. Rejects with a Fault where the conversation broke; then nothing is known of any
 * recipient but that the message was not acknowledged. The connection may be used again when it resolves.
 */
export async function transact(
  connection: Connection,
  message: OutgoingMessage,
  recipients: readonly OutgoingRecipient[],
): Promise<Answers> {
  connection.messages++
  const answers: Answers = { answered: new Map(), undecided: [] }
  const accepted = await offer(connection, message, recipients, answers)
  if (accepted.length === 0) {
    await reset(connection)
    return answers
  }
  const final = await sendContent(connection, message)
  for (const recipient of accepted) answers.answered.set(recipient, final)
  return answers
}

/** Commands before DATA, in one go where the server takes that. Gives who was accepted. */
async function offer(
  { wire, capabilities, timeouts }: Connection,
  message: OutgoingMessage,
  recipients: readonly OutgoingRecipient[],
  { answered, undecided }: Answers,
): Promise<OutgoingRecipient[]> {
  const { commandMs } = timeouts
  const lines = [
    mailCommand(message, capabilities),
    ...recipients.map((recipient) => recipientCommand(recipient, capabilities)),
  ]
  if (lines.some((line) => /[\r\n\0]/.test(line))) throw new Fault('transaction', 'an address is no address')
  if (capabilities.isPipelining) await wire.write(lines.map((line) => `${line}\r\n`).join(''), commandMs)
  const next = (index: number) =>
    capabilities.isPipelining ? wire.reply(commandMs) : command(wire, lines[index]!, commandMs)

  const mail = await next(0)
  const isRefused = mail.code !== 250
  if (isRefused) for (const recipient of recipients) answered.set(recipient, mail)
  if (mail.code === 421 || (isRefused && !capabilities.isPipelining)) return leaving(mail)
  const accepted: OutgoingRecipient[] = []
  for (const [index, recipient] of recipients.entries()) {
    const reply = await next(index + 1)
    if (isRefused) continue
    if (reply.code === 421) throw new Fault('transaction', replyText(reply), reply)
    if (reply.code === 250 || reply.code === 251) accepted.push(recipient)
    else if (isTooMany(reply) && accepted.length > 0) undecided.push(recipient)
    else answered.set(recipient, asTemporaryWhereTooMany(reply))
  }
  return accepted
}

function leaving(mail: Reply): OutgoingRecipient[] {
  if (mail.code === 421) throw new Fault('transaction', replyText(mail), mail)
  return []
}

/** RFC 5321 §4.5.3.1.10: of a recipient, 552 means that there are too many, as 452 does. */
function isTooMany({ code, status }: Reply): boolean {
  return (code === 452 || code === 552) && (status === undefined || status.endsWith('.5.3'))
}

function asTemporaryWhereTooMany(reply: Reply): Reply {
  return reply.code === 552 && isTooMany(reply) ? { ...reply, code: 452, status: '4.5.3' } : reply
}

async function sendContent({ wire, timeouts }: Connection, message: OutgoingMessage): Promise<Reply> {
  const content = await message.open()
  const ready = await command(wire, 'DATA', timeouts.commandMs)
  if (ready.code === 421) throw new Fault('transaction', replyText(ready), ready)
  if (ready.code !== 354) return ready.code < 400 ? { ...ready, code: 451, status: '4.5.0' } : ready
  try {
    for await (const chunk of withDots(content)) await wire.write(chunk, timeouts.blockMs)
    if (!message.mayEnd()) {
      wire[Symbol.dispose]()
      throw new Fault('transaction', 'the message was given up before its end')
    }
    wire.stage = 'end'
    await wire.write('.\r\n', timeouts.blockMs)
  } catch (error) {
    // A server may say why it hangs up.
    const why = error instanceof Fault ? await wire.reply(1).catch(() => undefined) : undefined
    wire[Symbol.dispose]()
    if (why && why.code >= 400) return why
    throw error
  }
  const reply = await wire.reply(timeouts.endMs)
  wire.stage = 'transaction'
  // RFC 5321 §4.2: what is none of 2yz, 4yz and 5yz is no answer to the end of a message.
  return reply.code >= 300 && reply.code < 400 ? { ...reply, code: 451, status: '4.5.0' } : reply
}

async function reset({ wire, timeouts }: Connection): Promise<void> {
  const reply = await command(wire, 'RSET', timeouts.commandMs).catch(() => undefined)
  if (reply?.code !== 250) wire[Symbol.dispose]()
}

function mailCommand(message: OutgoingMessage, capabilities: Connection['capabilities']): string {
  const words = [`MAIL FROM:<${message.sender}>`]
  if (capabilities.maxBytes !== undefined) words.push(`SIZE=${message.sizeBytes}`)
  if (message.isEightBit && capabilities.isEightBit) words.push('BODY=8BITMIME')
  if (message.isInternational) words.push('SMTPUTF8')
  if (capabilities.takesReports) {
    if (message.returns) words.push(`RET=${message.returns}`)
    if (message.envelopeId !== undefined) words.push(`ENVID=${encodeXtext(message.envelopeId)}`)
  }
  return words.join(' ')
}

function recipientCommand(
  { address, notify, originalRecipient }: OutgoingRecipient,
  { takesReports, isInternational }: Connection['capabilities'],
): string {
  const words = [`RCPT TO:<${address}>`]
  if (takesReports) {
    if (notify !== undefined) words.push(`NOTIFY=${notify}`)
    const [type = '', original = ''] = originalRecipient ? splitType(originalRecipient) : []
    // RFC 6533 §3: the type utf-8 needs a server that knows SMTPUTF8.
    if (type === 'rfc822' || (type === 'utf-8' && isInternational && original !== ''))
      words.push(`ORCPT=${type};${type === 'rfc822' ? encodeXtext(original) : encodeUnitext(original)}`)
  }
  return words.join(' ')
}

function splitType(original: string): [string, string] {
  const semicolon = original.indexOf(';')
  return [original.slice(0, semicolon), original.slice(semicolon + 1)]
}

/** RFC 6533 §3, as utf-8-enc-addr with embedded Unicode characters. */
function encodeUnitext(text: string): string {
  return text.replaceAll(
    /[^!-*,-<>-[\]-~]/gu,
    (character) => `\\x{${character.codePointAt(0)!.toString(16).toUpperCase()}}`,
  )
}
