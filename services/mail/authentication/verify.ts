import { domainToASCII } from 'node:url'
import { parseAddresses } from '../mime/addresses.ts'
import type { HeaderField } from '../mime/message.ts'
import { prepareArc, verifyArc, type ArcOutcome } from './arc.ts'
import { bodyHashes, prepareDkim, verifyDkim, type DkimOutcome } from './dkim.ts'
import { checkDmarc, type DmarcOutcome } from './dmarc.ts'
import { limitLookups } from './limited-lookups.ts'
import { openRawMessage, type MessageSource } from './raw-message.ts'
import { reasonsFor, type AuthenticationReason } from './reasons.ts'
import type { Lookups } from './resolver.ts'
import { resultsField } from './results-field.ts'
import { seconds } from './sign.ts'
import { checkSpf, type SpfOutcome } from './spf.ts'

export interface Delivery extends MessageSource {
  client: {
    address: string
    helo: string
    /** The name of the address that leads back to it. */
    hostName?: string | undefined
  }
  /** Empty for the null sender. */
  mailFrom: string
  /** Of this message, as parsed. */
  headers: readonly HeaderField[]
}

export interface VerifyOptions {
  resolver: Lookups
  /** Our name in results, and in explanations of SPF. */
  authServId: string
  now?: Date
  /** For all look-ups together; 5 s unless said. */
  timeoutMs?: number
  signal?: AbortSignal
}

/** What the message's claims are worth. Plain data. */
export interface Authentication {
  spf: SpfOutcome
  dkim: DkimOutcome[]
  dmarc: DmarcOutcome
  arc: ArcOutcome
  /** An Authentication-Results field (RFC 8601) to be put before the message; ends with CRLF. */
  header: string
  reasons: AuthenticationReason[]
}

/** RFC 7208 may ask for 10 mail servers of 10 domains; the rest is for keys and policies. */
const maxLookups = 200

/** Fails only where the message can't be read; what DNS does not say is `temperror`. */
export async function verifyMessage(delivery: Delivery, options: VerifyOptions): Promise<Authentication> {
  const { client, mailFrom, headers } = delivery
  const { authServId, timeoutMs = 5_000, signal, now = new Date() } = options
  using resolver = limitLookups(options.resolver, { most: maxLookups, timeoutMs, signal })
  const question = { address: client.address, helo: client.helo, mailFrom, receiver: authServId }
  const [spf, { dkim, arc }] = await Promise.all([
    checkSpf(question, resolver),
    verifySignatures(delivery, resolver, seconds(now)),
  ])
  const dmarc = await checkDmarc({ authorDomains: authorDomainsOf(headers), spf, dkim }, resolver)
  const found = { spf, dkim, dmarc, arc }
  return {
    ...found,
    header: resultsField(authServId, found, { mailFrom, client }),
    reasons: reasonsFor(found),
  }
}

async function verifySignatures(delivery: Delivery, resolver: Lookups, nowSeconds: number) {
  const unsigned: { dkim: DkimOutcome[]; arc: ArcOutcome } = {
    dkim: [],
    arc: { result: 'none', sealers: [] },
  }
  if (!delivery.headers.some(({ name }) => name === 'dkim-signature' || name.startsWith('arc-')))
    return unsigned

  await using message = await openRawMessage(delivery)
  if (message.isHeaderCut) {
    const nobody = { domain: '', selector: '', algorithm: '', aligned: false }
    return {
      ...unsigned,
      dkim: [{ ...nobody, result: 'permerror', reason: 'headerTooLong' } satisfies DkimOutcome],
    }
  }
  const hashes = bodyHashes()
  const { fields } = message
  const preparedDkim = prepareDkim(fields, hashes)
  const preparedArc = prepareArc(fields, hashes)
  await message.hashBody(hashes.all)
  const [dkim, arc] = await Promise.all([
    verifyDkim(preparedDkim, fields, hashes, resolver, nowSeconds),
    verifyArc(preparedArc, fields, hashes, resolver, nowSeconds),
  ])
  return { dkim, arc }
}

const maxAuthors = 1000

/** Of the addresses in From. Several From fields, and what has no domain, count as a domain of their own: empty. */
function authorDomainsOf(headers: readonly HeaderField[]): string[] {
  const [from, ...others] = headers.filter(({ name }) => name === 'from')
  const authors = parseAddresses(from?.value ?? '', maxAuthors).filter(({ address }) => address !== '')
  const domains = authors
    .map(({ address }) => address.slice(address.lastIndexOf('@') + 1).replace(/\.$/, ''))
    .map((domain) => domainToASCII(domain))
  return others.length > 0 || authors.length === maxAuthors ? [...domains, ''] : domains
}
