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
import { insertMessages } from '../store/arrivals.ts'
import { noteSent } from '../store/contacts.ts'
import { recentRecipients } from '../store/submissions.ts'
import { meters } from './meters.ts'

export function submissionPolicy(context: Context, authentication: SmtpAuthentication): SmtpPolicy {
  const { db, blobs, settings, signals, log } = context

  async function owns(accountId: string, address: string): Promise<boolean> {
    const own = await addressesOf(db, accountId)
    const at = address.lastIndexOf('@')
    const plain = `${address.slice(0, at).split('+', 1)[0]}${address.slice(at)}`.toLowerCase()
    return own.includes(address.toLowerCase()) || own.includes(plain)
  }

  async function handIn(session: SmtpSession, taken: TakenIn): Promise<Answer> {
    const { account, transaction } = session
    const { sender, recipients } = transaction!
    const accountId = account!.accountId
    const [from] = taken.parsed.envelope.from
    if (!from || !(await owns(accountId, from.address))) return answers.notYours
    const now = new Date()
    const added = missingFields(taken, settings.DOMAIN, now)
    const received = receivedField({
      client: {
        address: session.client.address,
        helo: session.helo ?? '',
        name: undefined,
        tls: session.tls && `${session.tls.protocol} ${session.tls.cipher}`,
        isExtended: true,
        isUtf8: sender.isInternational,
      },
      server: serverName(settings),
      id: session.id,
      receivedAt: now,
    })
    const kept = await db.transaction().execute(async (tx) => {
      const [outcome] = await insertMessages(tx, [
        {
          accountId,
          blob: taken.blob,
          trace: added.fields,
          parsed: added.parsed,
          receivedAt: now,
          roles: ['sent'],
          isSeen: true,
          isOwn: true,
          category: 'primary',
          categoryReasons: [],
        },
      ])
      if (outcome?.state !== 'kept') return false
      const { returns, envelopeId } = sender
      await submit(
        tx,
        {
          accountId,
          messageId: outcome.id,
          blob: taken.blob,
          sizeBytes: taken.sizeBytes,
          prefix: `${received}\r\n${added.fields}`,
          sender: sender.path?.address ?? '',
          returns,
          envelopeId,
        },
        recipients.map(({ path, notify, originalRecipient }) => ({
          address: path.address,
          notify,
          originalRecipient,
        })),
      )
      const { to, cc } = taken.parsed.envelope
      await noteSent(tx, accountId, [...to, ...cc])
      return true
    })
    if (!kept) return answers.full
    announceQueue(signals)
    announceChanges(signals, accountId)
    log.info(
      {
        session: session.id,
        accountId,
        blob: taken.blob,
        sizeBytes: taken.sizeBytes,
        recipients: recipients.length,
      },
      'a mail program handed in a message',
    )
    return { code: 250, enhanced: '2.0.0', text: `queued as ${taken.blob.slice(0, 16)}` }
  }

  return {
    authentication,
    async mailFrom(session, { path }) {
      if (path && !(await owns(session.account!.accountId, path.address))) return answers.notYours
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
        (taken) => handIn(session, taken),
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
