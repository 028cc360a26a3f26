/** A conversation from the greeting to its end, one command after another: RFC 5321 §4. */
import { isUtf8 } from 'node:buffer'
import { auth, authLineBytes } from './authenticate.ts'
import {
  lastReply,
  leavingReply,
  reply,
  replyToFault,
  resetTransaction,
  type Conversation,
  type Reply,
} from './conversation.ts'
import { mail, rcpt, rset } from './envelope.ts'
import { ehlo, greet, helo, startTls } from './greeting.ts'
import { bdat, data } from './transfer.ts'

/** Ends when the connection does; nothing is thrown. `isLeaving`: end where no message is under way. */
export async function converse(conversation: Conversation, isLeaving: () => boolean): Promise<void> {
  const { connection, door, session } = conversation
  const { limits } = door
  const greeting = await greet(conversation)
  if (!greeting) return connection.end()
  say(conversation, greeting)
  const maxBytes = door.kind === 'receive' ? commandLineBytes : authLineBytes
  while (!connection.isEnding) {
    if (isLeaving() && !session.transaction) {
      say(conversation, leavingReply)
      break
    }
    if (connection.hasManyAnswers) await connection.flush(limits.idleMs)
    const read = await connection.readLine(maxBytes, limits.idleMs)
    const answer = 'fault' in read ? replyToFault(read.fault) : await obey(conversation, read.line)
    if (answer) say(conversation, counted(conversation, answer))
    if ('fault' in read) break
  }
  await resetTransaction(conversation)
  connection.end()
}

/** RFC 5321 §4.5.3.1.4 asks for 512; extensions add to it. */
const commandLineBytes = 2_048

type Command = (conversation: Conversation, argument: string) => Reply | Promise<Reply | undefined>

const commands = new Map<string, Command>([
  ['HELO', helo],
  ['EHLO', ehlo],
  ['STARTTLS', startTls],
  ['AUTH', auth],
  ['MAIL', mail],
  ['RCPT', rcpt],
  ['DATA', data],
  ['BDAT', bdat],
  ['RSET', rset],
  ['NOOP', () => reply(250, '2.0.0', 'Nothing done')],
  ['QUIT', () => lastReply(221, '2.0.0', 'Goodbye')],
  // RFC 5321 §7.3: who has a mailbox here is told to nobody.
  ['VRFY', () => reply(252, '2.1.5', 'Send a message and see')],
  ['EXPN', () => reply(502, '5.5.1', 'Lists are not shown')],
  ['HELP', () => reply(214, '2.0.0', 'See RFC 5321')],
])

/** What a browser that was led here begins with. */
const foreignVerbs = new Set(['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'CONNECT', 'PATCH', 'TRACE'])

async function obey(conversation: Conversation, octets: Buffer): Promise<Reply | undefined> {
  const line = octets.toString('utf8').trimEnd()
  if (!isUtf8(octets) || /\p{Cc}/u.test(line)) return reply(500, '5.5.2', 'That cannot be read')
  const space = line.indexOf(' ')
  const verb = (space === -1 ? line : line.slice(0, space)).toUpperCase()
  const argument = space === -1 ? '' : line.slice(space + 1).trim()
  if (foreignVerbs.has(verb)) return lastReply(421, '4.7.0', 'This is SMTP')
  if (octets.length > commandLineBytes && verb !== 'AUTH')
    return lastReply(500, '5.5.2', 'That line is too long')
  const command = commands.get(verb)
  return command ? await command(conversation, argument) : reply(500, '5.5.1', 'That command is not known')
}

const wrongCodes = new Set([500, 501, 502, 503, 504, 530, 538, 555])
/** Steps towards a message, and recipients that must wait; others that are refused count as idling. */
const steps = new Set(['250 2.1.0', '250 2.1.5', '452 4.5.3'])

/** Who is wrong too often or leads nowhere is sent away. */
function counted(conversation: Conversation, answer: Reply): Reply {
  const { limits } = conversation.door
  if (wrongCodes.has(answer.code)) conversation.badCommands++
  if (!steps.has(`${answer.code} ${answer.enhanced}`)) conversation.idleCommands++
  if (answer.closes) return answer
  if (conversation.badCommands >= limits.badCommands)
    return lastReply(421, '4.7.0', 'Too many commands were wrong')
  return conversation.idleCommands >= limits.idleCommands
    ? lastReply(421, '4.7.0', 'Too many commands led to no message')
    : answer
}

function say({ connection, session }: Conversation, answer: Reply): void {
  connection.write(written(answer, session.transaction?.sender.isInternational ?? false))
  if (answer.closes || answer.code === 421) connection.end()
}

/** RFC 5321 §4.5.3.1.5: 512 octets a line. Texts of others hold no line ends or controls on the wire. */
function written({ code, enhanced, text }: Reply, isInternational: boolean): string {
  const unfit = isInternational ? /\p{Cc}/gu : /[^\x20-\x7e]/g
  const lines = text.split('\n')
  return lines
    .map((line, index) => {
      const separator = index === lines.length - 1 ? ' ' : '-'
      const fit = line.replaceAll(unfit, '?').slice(0, isInternational ? 150 : 450)
      return `${code}${separator}${enhanced === '' ? '' : `${enhanced} `}${fit}\r\n`
    })
    .join('')
}
