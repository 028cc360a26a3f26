/** A draft becomes a message: checked, built, and kept. */
import { v4 } from 'uuid'
import type { DraftContent } from '#contracts/mail/writing.ts'
import { mostAttachedBytes } from '#contracts/mail/writing.ts'
import { CallError } from '#contracts/errors.ts'
import { takeIn, type TakenIn } from '../arrival/take-in.ts'
import type { MailAddress } from '../mime/message.ts'
import { buildMessage, needsUtf8, type OutgoingMessage } from '../mime/write.ts'
import { openBlob } from '../reading/stored.ts'
import { parseAddress } from '../smtp/address.ts'
import type { Context, Query } from '../settings.ts'
import type { AccountRow } from '../store/accounts.ts'
import { addressesOf, listDomains } from '../store/addresses.ts'
import { filesOf } from '../store/drafts.ts'
import { findMessage, type StoredMessage } from '../store/reading.ts'
import { recentRecipients } from '../store/submissions.ts'
import { referencesBefore } from './references.ts'

export interface Outgoing {
  taken: TakenIn
  from: string
  /** Each once. */
  recipients: string[]
  bcc: MailAddress[]
  answers: StoredMessage | undefined
  forwards: StoredMessage | undefined
}

type Refusing = Pick<Query, 'fail'> & {
  fail(
    code: 'noRecipients' | 'badRecipient' | 'notYourAddress' | 'messageTooLarge' | 'tooManyMessages',
    detail?: string,
  ): never
}

/** Fails with the errors of sending. Nothing is written but the blob. */
export async function makeOutgoing(
  context: Context & Refusing,
  account: AccountRow,
  content: DraftContent,
  headers: { name: string; value: string }[] = [],
): Promise<Outgoing> {
  const from = await senderOf(context, account, content.from)
  const [to, cc, bcc] = [content.to, content.cc, content.bcc].map((list) =>
    list.map((each) => checked(context, each)),
  )
  const recipients = [...new Set([...to!, ...cc!, ...bcc!].map(({ address }) => address))]
  if (recipients.length === 0) return context.fail('noRecipients', 'Say who is to get it.')
  const most = context.settings.MAIL_HOURLY_RECIPIENTS
  if ((await recentRecipients(context.db, account.id)) + recipients.length > most)
    return context.fail('tooManyMessages', `An account may send to ${most} recipients in an hour.`)
  await checkFiles(context, account, content)
  const [answers, forwards] = await Promise.all(
    [content.answers, content.forwards].map((id) =>
      id === null ? undefined : findMessage(context.db, account.id, id),
    ),
  )
  const message: OutgoingMessage = {
    from,
    to: to!,
    cc: cc!,
    subject: content.subject,
    date: new Date(),
    messageId: `${v4()}@${from.address.slice(from.address.lastIndexOf('@') + 1)}`,
    ...(answers && (await referencesBefore(context.blobs, answers))),
    headers,
    text: content.text,
    ...(content.html !== null && { html: content.html }),
    attachments: content.attachments.map(({ blob, fileName, mediaType, contentId }) => ({
      fileName,
      mediaType,
      ...(contentId !== undefined && { contentId, isInline: true }),
      content: () => chunksOf(context, blob),
    })),
  }
  const utf8 = needsUtf8(message)
  const limit = context.settings.MAIL_MAX_MB * 1024 * 1024
  const taken = await takeIn(context.blobs, buildMessage({ ...message, utf8 }), limit).catch(
    (error: unknown) => {
      if (error instanceof CallError && error.code === 'tooLarge')
        return context.fail('messageTooLarge', `A message may have ${context.settings.MAIL_MAX_MB} MB.`)
      throw error
    },
  )
  return { taken, from: from.address, recipients, bcc: bcc!, answers, forwards }
}

/** As `makeOutgoing`, in the name of the installation and not of a person: from any address of a domain of ours. */
export async function makeSystemMail(
  context: Context & Refusing,
  content: DraftContent,
  headers: { name: string; value: string }[],
): Promise<Pick<Outgoing, 'taken' | 'recipients'>> {
  const to = content.to.map((each) => checked(context, each))
  if (to.length === 0) return context.fail('noRecipients', 'Say who is to get it.')
  const { DOMAIN } = context.settings
  const from = checked(context, { name: DOMAIN, address: content.from ?? `noreply@${DOMAIN}` })
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1)
  if (domain !== DOMAIN && !(await listDomains(context.db)).includes(domain))
    return context.fail('notYourAddress', `${from.address} is not an address of this installation.`)
  const message: OutgoingMessage = {
    from,
    to,
    cc: [],
    subject: content.subject,
    date: new Date(),
    messageId: `${v4()}@${DOMAIN}`,
    headers,
    text: content.text,
    ...(content.html !== null && { html: content.html }),
    attachments: [],
  }
  const built = buildMessage({ ...message, utf8: needsUtf8(message) })
  const taken = await takeIn(context.blobs, built, context.settings.MAIL_MAX_MB * 1024 * 1024)
  return { taken, recipients: [...new Set(to.map(({ address }) => address))] }
}

async function senderOf(
  context: Context & Refusing,
  account: AccountRow,
  wanted: string | undefined,
): Promise<MailAddress> {
  const own = await addressesOf(context.db, account.id)
  const address = (wanted ?? account.address).trim().toLowerCase()
  const [local, domain] = [
    address.slice(0, address.lastIndexOf('@')),
    address.slice(address.lastIndexOf('@') + 1),
  ]
  const plain = `${local.split('+', 1)[0]}@${domain}`
  if (!own.includes(address) && !own.includes(plain))
    return context.fail('notYourAddress', `${address} is not an address of this account.`)
  return { name: account.name, address }
}

function checked(context: Refusing, { name, address }: MailAddress): MailAddress {
  const path = parseAddress(address.trim())
  if (!path) return context.fail('badRecipient', `${address} is no e-mail address.`)
  return { name, address: path.address }
}

async function checkFiles(
  context: Context & Refusing,
  account: AccountRow,
  { attachments }: DraftContent,
): Promise<void> {
  if (attachments.length === 0) return
  const own = await filesOf(
    context.db,
    account.id,
    attachments.map(({ blob }) => blob),
  )
  const missing = attachments.find(({ blob }) => !own.has(blob))
  if (missing) return context.fail('notFound', `${missing.fileName} has to be attached again.`)
  const bytes = attachments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (bytes > mostAttachedBytes)
    return context.fail(
      'messageTooLarge',
      `Attachments may have ${mostAttachedBytes / 1024 / 1024} MB together.`,
    )
}

async function* chunksOf({ blobs }: Context, blob: string): AsyncGenerator<Uint8Array> {
  yield* (await openBlob(blobs, blob)) as AsyncIterable<Buffer>
}
