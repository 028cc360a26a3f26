/** What mail programs of our own people hand in (RFC 6409): from addresses of theirs, to anybody. */
import { v4 } from 'uuid'
import { CallError } from '#contracts/errors.ts'
import { mailDate } from '../arrival/trace.ts'
import { takeIn, type TakenIn } from '../arrival/take-in.ts'
import { announceQueue, submit } from '../delivery/submit.ts'
import { announceChanges } from '../reading/account.ts'
import { receivedField } from '../arrival/trace.ts'
import { serverName, type Context } from '../settings.ts'
import {
  ContentError,
  type Answer,
  type Refusal,
  type SmtpAuthentication,
  type SmtpPolicy,
  type SmtpSession,
} from '../smtp/policy.ts'
import { addressesOf } from '../store/addresses.ts'
import { insertMessages, type NewMessage } from '../store/arrivals.ts'
import { noteSent } from '../store/contacts.ts'
import { recentRecipients } from '../store/submissions.ts'
import { loosenBlobs } from '../store/sweeping.ts'
import { meters } from './meters.ts'

export function submissionPolicy(context: Context, authentication: SmtpAuthentication): SmtpPolicy {
  const { db, blobs, settings } = context
  return {
    authentication,
    async mailFrom(session, { path }) {
      if (path && !(await owns(context, session.account!.accountId, [path]))) return answers.notYours
      return undefined
    },
    async recipient({ account, transaction }, { path }) {
      if (path.domain === '') return answers.noDomain
      const others = transaction?.recipients.length ?? 0
      const most = settings.MAIL_HOURLY_RECIPIENTS
      return (await recentRecipients(db, account!.accountId)) + others >= most ? answers.tooMany : undefined
    },
    async message(session, content) {
      const answer = await takeIn(blobs, content, settings.MAIL_MAX_MB * 1024 * 1024).then(
        (taken) => handIn(context, session, taken),
        (error: unknown): Refusal => {
          if (error instanceof ContentError || !(error instanceof CallError)) throw error
          return error.code === 'tooLarge' ? answers.tooLarge : answers.noSpace
        },
      )
      meters.submitted.inc({ outcome: answer.code === 250 ? 'accepted' : 'refused' })
      return answer
    },
  }
}

/** All of them. */
async function owns(
  { db }: Context,
  accountId: string,
  addresses: readonly { address: string }[],
): Promise<boolean> {
  const own = new Set(await addressesOf(db, accountId))
  return addresses.every(({ address }) => {
    const at = address.lastIndexOf('@')
    const plain = `${address.slice(0, at).split('+', 1)[0]}${address.slice(at)}`.toLowerCase()
    return own.has(address.toLowerCase()) || own.has(plain)
  })
}

async function handIn(context: Context, session: SmtpSession, taken: TakenIn): Promise<Answer> {
  const { db, signals, log } = context
  const { accountId } = session.account!
  const { from } = taken.parsed.envelope
  if (from.length === 0 || !(await owns(context, accountId, from))) {
    await loosenBlobs(db, [taken.blob])
    return answers.notYours
  }
  if (!(await keepAndSubmit(context, session, taken))) return answers.full
  announceQueue(signals)
  announceChanges(signals, accountId)
  const { blob, sizeBytes } = taken
  const recipients = session.transaction!.recipients.length
  log.info(
    { session: session.id, accountId, blob, sizeBytes, recipients },
    'a mail program handed in a message',
  )
  return { code: 250, enhanced: '2.0.0', text: `queued as ${blob.slice(0, 16)}` }
}

/** The copy among the sent ones and what is to leave, together. False where the mailbox is full. */
function keepAndSubmit({ db, settings }: Context, session: SmtpSession, taken: TakenIn): Promise<boolean> {
  const { accountId } = session.account!
  const { sender, recipients } = session.transaction!
  const receivedAt = new Date()
  const { blob, sizeBytes } = taken
  const { fields, parsed } = missingFields(taken, settings.DOMAIN, receivedAt)
  const received = receivedField({
    client: clientOf(session),
    server: serverName(settings),
    id: session.id,
    receivedAt,
  })
  const copy: NewMessage = {
    accountId,
    blob,
    trace: fields,
    parsed,
    receivedAt,
    roles: ['sent'],
    isSeen: true,
    isOwn: true,
    category: 'primary',
    categoryReasons: [],
  }
  const { returns, envelopeId } = sender
  const prefix = `${received}\r\n${fields}`
  return db.transaction().execute(async (tx) => {
    const [outcome] = await insertMessages(tx, [copy])
    if (outcome?.state !== 'kept') return false
    await submit(
      tx,
      {
        accountId,
        messageId: outcome.id,
        blob,
        sizeBytes,
        prefix,
        sender: sender.path?.address ?? '',
        returns,
        envelopeId,
      },
      recipients.map(({ path: { address }, notify, originalRecipient }) => ({
        address,
        notify,
        originalRecipient,
      })),
    )
    await noteSent(tx, accountId, [...taken.parsed.envelope.to, ...taken.parsed.envelope.cc])
    return true
  })
}

function clientOf({ client, helo, tls, transaction }: SmtpSession) {
  return {
    address: client.address,
    helo: helo ?? '',
    name: undefined,
    tls: tls && `${tls.protocol} ${tls.cipher}`,
    isExtended: true,
    isUtf8: transaction!.sender.isInternational,
    isSignedIn: true,
  }
}

/** RFC 6409 §8: Date and Message-ID, where the program left them to us. */
function missingFields({ parsed }: TakenIn, domain: string, now: Date) {
  const has = (name: string) => parsed.headers.some((field) => field.name === name)
  const messageId = parsed.messageId ?? `${v4()}@${domain}`
  const fields = [
    ...(has('date') ? [] : [`Date: ${mailDate(now)}\r\n`]),
    ...(has('message-id') ? [] : [`Message-ID: <${messageId}>\r\n`]),
  ].join('')
  return { fields, parsed: { ...parsed, messageId, sentAt: parsed.sentAt ?? now } }
}

const answers = {
  notYours: { code: 553, enhanced: '5.7.1', text: 'This is not an address of yours.' },
  noDomain: { code: 553, enhanced: '5.1.3', text: 'The address needs a domain.' },
  full: { code: 452, enhanced: '4.2.2', text: 'Your mailbox is full.' },
  tooMany: { code: 452, enhanced: '4.7.1', text: 'You have sent enough for this hour.' },
  tooLarge: { code: 552, enhanced: '5.3.4', text: 'The message is too large.' },
  noSpace: { code: 452, enhanced: '4.3.1', text: 'There is no space left just now.' },
} as const
