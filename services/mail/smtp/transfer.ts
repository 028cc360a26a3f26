/** DATA and BDAT (RFC 3030): a message on its way from the client to the policy. */
import { Content } from './content.ts'
import { ask, lastReply, localError, reply, type Conversation, type Reply } from './conversation.ts'
import { DataFilter, type Fault } from './data-filter.ts'
import { HeaderWatch, type HeaderFault } from './header-watch.ts'
import { meters } from './meters.ts'
import { tooLarge } from './parameters.ts'
import { ContentError, type Answer } from './policy.ts'

export interface Transfer {
  /** Takes octets of the client, up to the end of the message; gives where that is. Waits while the policy is slow. */
  take(octets: Buffer): Promise<number | undefined>
  /** The last octet has been taken: the policy's answer, or why the message was refused. */
  finish(): Promise<Reply>
  /** Without an answer: the client is gone, or wants the message back. */
  abandon(why: string): Promise<void>
  /** Why the message is refused before its end is there. */
  readonly refusal: Reply | undefined
  /** In milliseconds since 1970; the message must have ended by then. */
  readonly deadline: number
}

export async function data(conversation: Conversation, argument: string): Promise<Reply | undefined> {
  const { connection, door } = conversation
  if (argument !== '') return reply(501, '5.5.4', 'DATA has no argument')
  if (conversation.transfer) return reply(503, '5.5.1', 'The message has begun with BDAT')
  const refusal = notReady(conversation)
  if (refusal) return refusal

  connection.write('354 Send the message, and end it with a dot on a line of its own\r\n')
  const transfer = startTransfer(conversation, true)
  for (;;) {
    const piece = await connection.read(Math.min(door.limits.idleMs, transfer.deadline - Date.now()))
    if (typeof piece === 'string') return await stopped(conversation, transfer, piece)
    const end = await transfer.take(piece)
    if (transfer.refusal?.closes) return await finished(conversation, transfer)
    if (end === undefined) continue
    connection.unread(piece.subarray(end))
    return await finished(conversation, transfer)
  }
}

export async function bdat(conversation: Conversation, argument: string): Promise<Reply | undefined> {
  const { door, session } = conversation
  const [, digits, last] = /^(\d{1,12})( LAST)?$/i.exec(argument) ?? []
  // How much of what follows is no command can then not be told.
  if (digits === undefined) return lastReply(501, '5.5.4', 'Say BDAT octets, or BDAT octets LAST')
  const octets = Number(digits)
  const refusal = conversation.transfer ? undefined : notReady(conversation)
  if (octets > 2 * door.limits.messageBytes)
    return { ...(refusal ?? tooLarge(door.limits.messageBytes)), closes: true }
  if (!refusal) conversation.transfer ??= startTransfer(conversation, false)

  const { transfer } = conversation
  const gone = await takeChunk(conversation, octets)
  if (gone) return transfer ? await stopped(conversation, transfer, gone) : lateReply(gone)
  if (!transfer) return refusal
  if (last || transfer.refusal) return await finished(conversation, transfer)
  return reply(250, '2.0.0', `${octets} octets for ${session.transaction!.recipients.length} recipients`)
}

/** Gives why it could not; octets that nobody wants are read all the same. */
async function takeChunk(conversation: Conversation, octets: number): Promise<'gone' | 'late' | undefined> {
  const { connection, door, transfer } = conversation
  const deadline = transfer?.deadline ?? Date.now() + door.limits.dataMs
  let left = octets
  while (left > 0) {
    const piece = await connection.read(Math.min(door.limits.idleMs, deadline - Date.now()))
    if (typeof piece === 'string') return piece
    const chunk = piece.subarray(0, left)
    connection.unread(piece.subarray(chunk.length))
    left -= chunk.length
    await transfer?.take(chunk)
    if (transfer?.refusal?.closes) return undefined
  }
  return undefined
}

function notReady({ session }: Conversation): Reply | undefined {
  if (!session.transaction) return reply(503, '5.5.1', 'Say MAIL first')
  if (session.transaction.recipients.length > 0) return undefined
  return reply(554, '5.5.1', 'There are no valid recipients')
}

async function finished(conversation: Conversation, transfer: Transfer): Promise<Reply> {
  const { connection, door } = conversation
  // Answers that are already there need not wait for the policy.
  await connection.flush(door.limits.idleMs)
  const answer = await transfer.finish()
  conversation.transfer = undefined
  conversation.session.transaction = undefined
  if (answer.code < 300) {
    conversation.messages++
    conversation.idleCommands = 0
  }
  meters.messages.inc({ door: door.kind, answer: `${Math.floor(answer.code / 100)}xx` })
  return answer
}

async function stopped(
  conversation: Conversation,
  transfer: Transfer,
  why: 'gone' | 'late',
): Promise<Reply | undefined> {
  conversation.transfer = undefined
  await transfer.abandon(why)
  conversation.session.transaction = undefined
  return lateReply(why)
}

function lateReply(why: 'gone' | 'late'): Reply | undefined {
  return why === 'late' ? lastReply(421, '4.4.2', 'The message took too long') : undefined
}

function startTransfer(conversation: Conversation, dots: boolean): Transfer {
  const { door, session } = conversation
  const { limits, policy } = door
  const filter = new DataFilter({ dots, repair: door.kind !== 'receive' })
  const header = new HeaderWatch(limits)
  const content = new Content(filter)
  let refusal: Reply | undefined
  let early: Answer | undefined
  const outcome = ask(conversation, async () => {
    try {
      return await policy.message(session, content)
    } catch (error) {
      if (error instanceof ContentError) return error.answer ?? localError
      throw error
    }
  }).then((answer) => {
    content.leave()
    return (early = answer ?? localError)
  })

  function refuse(reason: Reply | undefined): void {
    if (!reason || (refusal && !reason.closes)) return
    refusal = reason
    content.fail(new ContentError(reason.text, reason))
  }
  return {
    deadline: Date.now() + limits.dataMs,
    get refusal() {
      return refusal ?? (early && early.code >= 400 ? early : undefined)
    },
    async take(octets) {
      const filtered = filter.feed(octets)
      content.sizeBytes += filtered.content.length
      refuse(refusalOfHeader(header.feed(filtered.content)))
      refuse(refusalOfSize(content.sizeBytes, limits.messageBytes))
      refuse(refusalOfFault(filtered.fault))
      content.write(filtered.content)
      await content.room()
      return filtered.end
    },
    async finish() {
      const rest = filter.finish()
      content.sizeBytes += rest.content.length
      content.write(rest.content)
      if (!this.refusal) {
        refuse(refusalOfHeader(header.finish()))
        refuse(refusalOfFault(rest.fault))
      }
      content.end()
      const answer = await outcome
      return refusal ?? answer
    },
    async abandon(why) {
      content.fail(new ContentError(why))
      await outcome
    },
  }
}

function refusalOfFault(fault: Fault | undefined): Reply | undefined {
  if (!fault) return undefined
  // What follows could be read as commands by one server and as text by another.
  return lastReply(550, '5.6.11', faultTexts[fault])
}

const faultTexts: Record<Fault, string> = {
  bareCarriageReturn: 'A CR stands in it without LF',
  bareLineFeed: 'An LF stands in it without CR',
  nul: 'NUL stands in it',
}

function refusalOfHeader(fault: HeaderFault | undefined): Reply | undefined {
  switch (fault) {
    case 'headerTooLong':
      return reply(552, '5.3.4', 'The header is too long')
    case 'mailLoop':
      return reply(554, '5.4.6', 'It has passed through too many servers')
    case 'noFrom':
      return reply(550, '5.7.1', 'It has no From field')
    case 'severalFrom':
      return reply(550, '5.7.1', 'It has more than one From field')
    case undefined:
      return undefined
  }
}

/** Past twice the size nobody waits for its end any more. */
function refusalOfSize(sizeBytes: number, maxBytes: number): Reply | undefined {
  if (sizeBytes <= maxBytes) return undefined
  return { ...tooLarge(maxBytes), closes: sizeBytes > 2 * maxBytes }
}
