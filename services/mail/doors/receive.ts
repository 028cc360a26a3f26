/** What the door for other servers lets in (port 25): mail for addresses of ours, once it is found good enough. */
import { CallError } from '#contracts/errors.ts'
import type { Arrivals, Destination } from '../arrival/arrive.ts'
import type { Arrival, Client } from '../arrival/desk.ts'
import { remember } from '../arrival/remember.ts'
import { takeIn, type TakenIn } from '../arrival/take-in.ts'
import { verifyMessage } from '../authentication/verify.ts'
import type { Lookups } from '../authentication/resolver.ts'
import { seenMail, type SeenMail } from '../reports/seen.ts'
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
import { loosenBlobs } from '../store/sweeping.ts'
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
  seen: SeenMail
}

/** How late somebody hears that an address is no more. */
const destinationMs = 2_000
const mostDestinations = 10_000

interface Visit {
  hostName: Promise<string | undefined>
  destinations: Map<string, Destination>
}

export function receivePolicy(tools: ReceiveTools): SmtpPolicy {
  const { context, resolver, greylist } = tools
  const visits = new WeakMap<SmtpSession, Visit>()
  const known = remember<Destination | Refusal>(
    destinationMs,
    mostDestinations,
    (found) => !('code' in found),
  )
  const visitOf = (session: SmtpSession): Visit => {
    const visited = visits.get(session)
    if (visited) return visited
    const visit = { hostName: confirmedName(resolver, session.client.address), destinations: new Map() }
    visits.set(session, visit)
    return visit
  }
  return {
    connect: async (session) => void visitOf(session),
    mailFrom: async () => undefined,
    async recipient(session, recipient) {
      const { hostName, destinations } = visitOf(session)
      const address = addressOf(context, recipient)
      const destination = await known.read(address, () => destinationOf(context, address))
      if ('code' in destination) return destination
      const { transaction, client } = session
      const sender = transaction?.sender.path?.address ?? ''
      const attempt = { client: client.address, sender, recipient: destination.address, hostName }
      if (await greylist.putsOff(attempt)) return answers.greylisted
      destinations.set(recipient.path.address, destination)
      return undefined
    },
    async message(session, content) {
      const receivedAt = new Date()
      const taken = await keep(context, content)
      if ('code' in taken) return taken
      const { hostName, destinations } = visitOf(session)
      const client = await clientOf(session, hostName)
      const sender = session.transaction!.sender.path?.address ?? ''
      const authentication = await verify(tools, taken, sender, client)
      const arrival = { taken, sender, receivedAt, client, authentication }
      const named = session.transaction!.recipients.map(({ path }) => destinations.get(path.address)!)
      const answer = await deliver(tools, arrival, named)
      await note(context, session, arrival, answer)
      return answer
    },
  }
}

type Verified = Arrival & Required<Pick<Arrival, 'client' | 'authentication'>>

async function keep({ blobs, settings }: Context, content: SmtpContent): Promise<TakenIn | Refusal> {
  try {
    return await takeIn(blobs, content, settings.MAIL_MAX_MB * 1024 * 1024)
  } catch (error) {
    if (error instanceof ContentError || !(error instanceof CallError)) throw error
    if (error.code === 'tooLarge') return answers.tooLarge
    if (error.code === 'unavailable') return answers.noSpace
    throw error
  }
}

function addressOf({ settings }: Context, { path }: Recipient): string {
  // RFC 5321 §4.5.1: postmaster without a domain is ours.
  return `${path.localPart}@${path.domain === '' ? settings.DOMAIN : path.domain}`.toLowerCase()
}

async function destinationOf({ db }: Context, address: string): Promise<Destination | Refusal> {
  const found = await resolveAddress(db, address)
  if (found === 'foreign') return answers.noRelay
  if (found === undefined) return answers.unknown
  const { accountIds, forwardTo } = found
  if (forwardTo.length === 0 && accountIds.length > 0 && (await isFull(db, accountIds))) return answers.full
  return { address, ...found }
}

function verify({ context, resolver }: ReceiveTools, taken: TakenIn, mailFrom: string, client: Client) {
  const { bytes, open, parsed } = taken
  const { address, helo, hostName } = client
  return verifyMessage(
    { ...(bytes && { bytes }), open, client: { address, helo, hostName }, mailFrom, headers: parsed.headers },
    { resolver, authServId: serverName(context.settings) },
  )
}

async function deliver(
  { arrivals, scan, seen }: ReceiveTools,
  arrival: Verified,
  destinations: readonly Destination[],
): Promise<Answer> {
  const judged = await arrivals.judgeAll(arrival, destinations)
  const verdicts = [...judged.values()].map(({ verdict }) => verdict.spam.verdict)
  const refusal = await refusalOf(arrival, verdicts, scan)
  const { authentication, client, sender } = arrival
  const isJunk =
    verdicts.length > 0 && verdicts.every((verdict) => verdict === 'spam' || verdict === 'certainSpam')
  const facts = { sourceAddress: client.address, sender, isRefused: refusal !== undefined, isJunk }
  seen.noteAuthenticated(authentication, seenMail(authentication, facts))
  if (refusal) return refusal
  const outcomes = await arrivals.deliver(arrival, destinations, judged)
  if (!outcomes.includes('delivered')) return outcomes.includes('full') ? answers.full : answers.unknown
  for (const verdict of verdicts) meters.verdicts.inc({ verdict })
  return { code: 250, enhanced: '2.0.0', text: `kept as ${arrival.taken.blob.slice(0, 16)}` }
}

async function note(
  { db, log }: Context,
  session: SmtpSession,
  { taken, client, authentication }: Verified,
  { code }: Answer,
): Promise<void> {
  meters.messages.inc({ outcome: code === 250 ? 'accepted' : code < 500 ? 'deferred' : 'refused' })
  const { blob, sizeBytes, parsed } = taken
  const recipients = session.transaction!.recipients.length
  const [spf, dmarc] = [authentication.spf.result, authentication.dmarc.result]
  const facts = {
    client: client.address,
    messageId: parsed.messageId,
    blob,
    sizeBytes,
    recipients,
    spf,
    dmarc,
    code,
  }
  log.info({ session: session.id, ...facts }, 'mail came in')
  // Nobody has what was refused.
  if (code !== 250) await loosenBlobs(db, [blob])
}

async function refusalOf(
  { taken, authentication }: Verified,
  verdicts: readonly string[],
  scan: Scanner,
): Promise<Refusal | undefined> {
  const { dmarc, arc } = authentication
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
