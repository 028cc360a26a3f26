/** What the door for other servers lets in (port 25): mail for addresses of ours, once it is found good enough. */
import { CallError } from '#contracts/errors.ts'
import type { Arrivals, Destination } from '../arrival/arrive.ts'
import type { Arrival, Client } from '../arrival/desk.ts'
import { takeIn, type TakenIn } from '../arrival/take-in.ts'
import { verifyMessage } from '../authentication/verify.ts'
import type { Lookups } from '../authentication/resolver.ts'
import { serverName, type Context } from '../settings.ts'
import {
  ContentError,
  type Answer,
  type Recipient,
  type Refusal,
  type SmtpContent,
  type SmtpPolicy,
  type SmtpSession,
} from '../smtp/policy.ts'
import { containsEicar } from '../spam/attachments.ts'
import { isFull } from '../store/accounts.ts'
import { resolveAddress } from '../store/addresses.ts'
import type { Greylist } from './greylist.ts'
import { confirmedName } from './host-name.ts'
import { meters } from './meters.ts'
import type { Scanner } from './scanner.ts'

export interface ReceiveTools {
  context: Context
  arrivals: Arrivals
  resolver: Lookups
  greylist: Greylist
  scan: Scanner
}

interface Visit {
  hostName: Promise<string | undefined>
  destinations: Map<string, Destination>
}

export function receivePolicy({ context, arrivals, resolver, greylist, scan }: ReceiveTools): SmtpPolicy {
  const { db, blobs, settings, log } = context
  const visits = new WeakMap<SmtpSession, Visit>()
  const visitOf = (session: SmtpSession): Visit => {
    const known = visits.get(session)
    if (known) return known
    const visit = { hostName: confirmedName(resolver, session.client.address), destinations: new Map() }
    visits.set(session, visit)
    return visit
  }

  async function deliver(session: SmtpSession, arrival: Arrival): Promise<Answer> {
    const visit = visitOf(session)
    const destinations = session.transaction!.recipients.map(({ path }) =>
      visit.destinations.get(path.address)!,
    )
    const judged = await arrivals.judgeAll(arrival, destinations)
    const refusal = await refusalOf(
      arrival,
      [...judged.values()].map(({ verdict }) => verdict.spam.verdict),
      scan,
    )
    if (refusal) return refusal
    const outcomes = await arrivals.deliver(arrival, destinations, judged)
    if (!outcomes.includes('delivered')) return outcomes.includes('full') ? answers.full : answers.unknown
    for (const { verdict } of judged.values()) meters.verdicts.inc({ verdict: verdict.spam.verdict })
    return { code: 250, enhanced: '2.0.0', text: `kept as ${arrival.taken.blob.slice(0, 16)}` }
  }

  return {
    connect: async (session) => void visitOf(session),
    mailFrom: async () => undefined,
    async recipient(session, recipient) {
      const visit = visitOf(session)
      const destination = await destinationOf(context, recipient)
      if ('code' in destination) return destination
      const { transaction, client } = session
      const sender = transaction?.sender.path?.address ?? ''
      const isPutOff = await greylist.putsOff({
        client: client.address,
        sender,
        recipient: destination.address,
        hostName: visit.hostName,
      })
      if (isPutOff) return answers.greylisted
      visit.destinations.set(recipient.path.address, destination)
      return undefined
    },
    async message(session, content) {
      const receivedAt = new Date()
      const taken = await keep(context, content)
      if ('code' in taken) return taken
      const { sender } = session.transaction!
      const client = await clientOf(session, visitOf(session).hostName)
      const mailFrom = sender.path?.address ?? ''
      const authentication = await verifyMessage(
        {
          ...(taken.bytes && { bytes: taken.bytes }),
          open: taken.open,
          client: { address: client.address, helo: client.helo, hostName: client.hostName },
          mailFrom,
          headers: taken.parsed.headers,
        },
        { resolver, authServId: serverName(settings) },
      )
      const answer = await deliver(session, { taken, sender: mailFrom, receivedAt, client, authentication })
      meters.messages.inc({
        outcome: answer.code === 250 ? 'accepted' : answer.code < 500 ? 'deferred' : 'refused',
      })
      log.info(
        {
          session: session.id,
          client: client.address,
          messageId: taken.parsed.messageId,
          blob: taken.blob,
          sizeBytes: taken.sizeBytes,
          recipients: session.transaction!.recipients.length,
          spf: authentication.spf.result,
          dmarc: authentication.dmarc.result,
          code: answer.code,
        },
        'mail came in',
      )
      return answer
    },
  }

  async function keep(_context: Context, content: SmtpContent): Promise<TakenIn | Refusal> {
    try {
      return await takeIn(blobs, content, settings.MAIL_MAX_MB * 1024 * 1024)
    } catch (error) {
      if (error instanceof ContentError) throw error
      if (error instanceof CallError && error.code === 'tooLarge') return answers.tooLarge
      if (error instanceof CallError && error.code === 'unavailable') return answers.noSpace
      throw error
    }
  }

  async function destinationOf({ db: _db }: Context, { path }: Recipient): Promise<Destination | Refusal> {
    // RFC 5321 §4.5.1: postmaster without a domain is ours.
    const address =
      path.domain === '' ? `${path.localPart}@${settings.DOMAIN}` : `${path.localPart}@${path.domain}`
    const found = await resolveAddress(db, address.toLowerCase())
    if (found === 'foreign') return answers.noRelay
    if (found === undefined) return answers.unknown
    if (found.forwardTo.length === 0 && found.accountIds.length > 0 && (await isFull(db, found.accountIds)))
      return answers.full
    return { address: address.toLowerCase(), ...found }
  }
}

async function refusalOf(
  arrival: Arrival,
  verdicts: readonly string[],
  scan: Scanner,
): Promise<Refusal | undefined> {
  const { taken, authentication } = arrival
  const { dmarc, arc } = authentication!
  if (dmarc.result === 'fail' && dmarc.policy === 'reject' && arc.result !== 'pass')
    return answers.forged(dmarc.domain)
  if (taken.parsed.envelope.from.length === 0) return answers.noFrom
  if ((taken.bytes && containsEicar(taken.bytes)) || (await scan(taken)) !== undefined) return answers.virus
  if (verdicts.length > 0 && verdicts.every((verdict) => verdict === 'certainSpam')) return answers.spam
  return undefined
}

async function clientOf(session: SmtpSession, hostName: Promise<string | undefined>): Promise<Client> {
  const { client, helo, tls, isExtended, transaction } = session
  return {
    address: client.address,
    helo: helo ?? '',
    hostName: await hostName,
    tls: tls && `${tls.protocol} ${tls.cipher}`,
    isExtended,
    isUtf8: transaction?.sender.isInternational ?? false,
  }
}

const answers = {
  noRelay: { code: 550, enhanced: '5.7.1', text: 'We do not take mail for this domain.' },
  unknown: { code: 550, enhanced: '5.1.1', text: 'Nobody here has this address.' },
  full: { code: 452, enhanced: '4.2.2', text: 'This mailbox is full.' },
  greylisted: { code: 451, enhanced: '4.7.1', text: 'We do not know you yet: please try again in a minute.' },
  tooLarge: { code: 552, enhanced: '5.3.4', text: 'The message is too large.' },
  noSpace: { code: 452, enhanced: '4.3.1', text: 'There is no space left just now.' },
  noFrom: { code: 550, enhanced: '5.7.1', text: 'From names nobody.' },
  virus: { code: 550, enhanced: '5.7.1', text: 'The message holds a virus.' },
  spam: {
    code: 550,
    enhanced: '5.7.1',
    text: 'The message looks like spam. Write to postmaster if it is not.',
  },
  forged: (domain: string) => ({
    code: 550,
    enhanced: '5.7.1',
    text: `${domain} asks for mail to be refused that it did not sign or send (DMARC).`,
  }),
} as const
