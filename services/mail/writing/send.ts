/** What people send: the copy in their mailbox and the one that leaves are written together. */
import { announceQueue, submit } from '../delivery/submit.ts'
import { announceChanges } from '../reading/account.ts'
import type { Command } from '../settings.ts'
import { receivedField } from '../arrival/trace.ts'
import { formatAddress } from '../mime/addresses.ts'
import { serverName } from '../settings.ts'
import type { AccountRow } from '../store/accounts.ts'
import { insertMessages, type NewMessage } from '../store/arrivals.ts'
import { noteSent } from '../store/contacts.ts'
import { markAnswered } from '../store/changes.ts'
import type { Outgoing } from './outgoing.ts'

export interface Sent {
  messageId: string
  threadId: string
  submissionId: string
}

type Sending = Pick<Command, 'tx' | 'settings' | 'signals' | 'afterCommit'>

/** Undefined: the account is full. `isScheduled` shows it among what is to be sent later. */
export async function send(
  context: Sending,
  account: AccountRow,
  outgoing: Outgoing,
  {
    dueAt,
    isScheduled = false,
    trace = '',
  }: { dueAt?: Date | undefined; isScheduled?: boolean; trace?: string },
): Promise<Sent | undefined> {
  const { tx, settings, signals, afterCommit } = context
  const { taken, from, recipients, bcc, answers, forwards } = outgoing
  const sentAt = new Date()
  const { parsed } = taken
  const message: NewMessage = {
    accountId: account.id,
    blob: taken.blob,
    // Only the sender may know of these.
    trace: bcc.length === 0 ? '' : `Bcc: ${bcc.map((each) => formatAddress(each)).join(',\r\n\t')}\r\n`,
    parsed: { ...parsed, envelope: { ...parsed.envelope, bcc } },
    receivedAt: sentAt,
    roles: [isScheduled ? 'scheduled' : 'sent'],
    isSeen: true,
    isOwn: true,
    category: 'primary',
    categoryReasons: [],
    threadId: answers?.threadId,
  }
  const [outcome] = await insertMessages(tx, [message])
  if (outcome?.state !== 'kept') return undefined
  const submissionId = await submit(
    tx,
    {
      accountId: account.id,
      messageId: outcome.id,
      blob: taken.blob,
      sizeBytes: taken.sizeBytes,
      prefix: `${trace}${receivedField({ client: undefined, server: serverName(settings), id: outcome.id, receivedAt: sentAt })}\r\n`,
      sender: from,
      ...(dueAt && { dueAt }),
    },
    recipients.map((address) => ({ address })),
  )
  await markAnswered(tx, outcome.modseq, { answered: answers?.id, forwarded: forwards?.id })
  await noteSent(tx, account.id, [...parsed.envelope.to, ...parsed.envelope.cc, ...bcc])
  afterCommit(() => {
    announceQueue(signals)
    announceChanges(signals, account.id)
  })
  return { messageId: outcome.id, threadId: outcome.threadId, submissionId }
}
