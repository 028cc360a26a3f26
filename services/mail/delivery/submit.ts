/** Takes messages that are to leave, and takes them back. */
import { domainToASCII } from 'node:url'
import { v7 } from 'uuid'
import type { Database } from '#platform/database/database.ts'
import type { Signals } from '#platform/signals/signals.ts'
import { cancelSubmission, insertSubmission, type NewRecipient } from '../store/submissions.ts'

export interface Submission {
  /** A new one unless stated. Reports of other servers name it. */
  id?: string
  /** Whose language the sender is told in. Left out for the system and for what is passed on. */
  accountId?: string | undefined
  /** The copy in the account's mailbox, which shows what becomes of it. */
  messageId?: string | undefined
  blob: string
  /** Of the blob. */
  sizeBytes: number
  /** Header fields to go before it, with CRLF. */
  prefix?: string
  /** DKIM-Signature fields with CRLF; empty for what is not to be signed. Left out: signed when it first leaves. */
  signature?: string
  /** Envelope sender; empty where nobody is to hear of it. */
  sender: string
  /** RFC 3461 */
  returns?: 'FULL' | 'HDRS' | undefined
  envelopeId?: string | undefined
  /** Nothing leaves before; now unless stated. */
  dueAt?: Date
}

export interface SubmittedRecipient {
  address: string
  notify?: 'NEVER' | readonly ('SUCCESS' | 'FAILURE' | 'DELAY')[] | undefined
  originalRecipient?: { type: string; address: string } | undefined
}

export const queueTopic = 'mail.queue'
/** With a domain, or nothing for all: that it could not be reached counts no more. */
export const retryTopic = 'mail.queue.retry'

/**
 * Puts a message into the queue, with the transaction of the caller, who calls `announceQueue` after the commit. Equal
 * addresses count once. Gives its id. Throws without a recipient.
 */
export async function submit(
  tx: Database,
  submission: Submission,
  recipients: readonly SubmittedRecipient[],
): Promise<string> {
  if (recipients.length === 0) throw new TypeError('a message needs a recipient')
  const id = submission.id ?? v7()
  const {
    accountId,
    messageId,
    blob,
    sizeBytes,
    prefix = '',
    signature,
    sender,
    returns,
    envelopeId,
    dueAt,
  } = submission
  const given = {
    id,
    accountId,
    messageId,
    blob,
    prefix,
    signature,
    sender,
    returns,
    envelopeId,
    sizeBytes,
    dueAt,
  }
  await insertSubmission(tx, given, recipients.map(rowOf))
  return id
}

/** Takes it back, and gives whether it could: false as soon as anything of it may have left. */
export function cancel(tx: Database, submissionId: string): Promise<boolean> {
  return cancelSubmission(tx, submissionId)
}

export function announceQueue(signals: Signals): void {
  signals.send(queueTopic)
}

/** As the queue has it: in lower case, as A-labels. */
export function domainOf(address: string): string {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
  return domain.startsWith('[') ? domain : domainToASCII(domain) || domain
}

function rowOf({ address, notify, originalRecipient }: SubmittedRecipient): NewRecipient {
  const when = typeof notify === 'string' ? notify : notify?.join(',')
  return {
    address,
    domain: domainOf(address),
    notify: when === '' ? undefined : when,
    originalRecipient: originalRecipient && `${originalRecipient.type};${originalRecipient.address}`,
  }
}
