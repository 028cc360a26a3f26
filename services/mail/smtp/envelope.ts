/** MAIL and RCPT: RFC 5321 §4.1.1.2 and §4.1.1.3. */
import { ask, lastReply, reply, resetTransaction, type Conversation, type Reply } from './conversation.ts'
import type { MailPath } from './address.ts'
import { readRecipient, readSender } from './parameters.ts'

export async function mail(conversation: Conversation, argument: string): Promise<Reply> {
  const { door, session } = conversation
  if (session.helo === undefined) return reply(503, '5.5.1', 'Say EHLO first')
  if (door.kind !== 'receive' && !session.tls) return reply(530, '5.7.0', 'Say STARTTLS first')
  // RFC 4954 §6
  if (door.kind !== 'receive' && !session.account) return reply(530, '5.7.0', 'Sign in with AUTH first')
  if (session.transaction) return reply(503, '5.5.1', 'A transaction is open')
  if (conversation.messages >= door.limits.messagesPerConnection)
    return lastReply(421, '4.7.0', 'That was enough for one connection')

  const sender = readSender(argument, door.limits.messageBytes)
  if ('code' in sender) return sender
  const refusal = await ask(conversation, () => door.policy.mailFrom(session, sender))
  if (refusal) return refusal
  session.transaction = { sender, recipients: [] }
  return reply(250, '2.1.0', 'Sender accepted')
}

export async function rcpt(conversation: Conversation, argument: string): Promise<Reply> {
  const { door, session } = conversation
  if (!session.transaction) return reply(503, '5.5.1', 'Say MAIL first')
  if (conversation.transfer) return reply(503, '5.5.1', 'The message has begun')
  const { recipients, sender } = session.transaction
  const recipient = readRecipient(argument, sender.isInternational)
  if ('code' in recipient) return recipient
  if (!recipients.some(({ path }) => isSame(path, recipient.path))) {
    if (recipients.length >= door.limits.recipients)
      return reply(452, '4.5.3', 'Send the message to the other recipients apart')
    const refusal = await ask(conversation, () => door.policy.recipient(session, recipient))
    if (refusal) return refusal
    recipients.push(recipient)
  }
  return reply(250, '2.1.5', 'Recipient accepted')
}

export async function rset(conversation: Conversation): Promise<Reply> {
  await resetTransaction(conversation)
  return reply(250, '2.0.0', 'Nothing is left of it')
}

function isSame(one: MailPath, other: MailPath): boolean {
  return one.domain === other.domain && one.localPart === other.localPart
}
