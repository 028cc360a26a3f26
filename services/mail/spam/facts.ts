/** What is known of a message beside its bytes. */

export interface MailFacts {
  authentication?: Authentication
  client?: { address: string; helo?: string; /** The confirmed reverse name. */ fcrdns?: string }
  /** Of the envelope; empty for the null sender. */
  envelopeFrom?: string
  /** When it came in. */
  receivedAt?: Date
  /** The account's own addresses, in lower case. */
  ownAddresses?: readonly string[]
  /** Domains that are ours, in lower case. */
  ownDomains?: readonly string[]
  /** What this account did with earlier mail of this sender. */
  history?: SenderHistory
  lists?: SenderLists
  /** It answers a message that this account has sent. */
  answersOurs?: boolean
}

/** Results as in RFC 8601: `pass`, `fail`, `softfail`, `neutral`, `none`, `temperror`, `permerror`. */
export interface Authentication {
  spf?: string
  /** Of a signature aligned with From. */
  dkim?: string
  dmarc?: string
  /** What the domain asks for: `none`, `quarantine`, `reject`. */
  dmarcPolicy?: string
}

export interface SenderHistory {
  seen: number
  read: number
  repliedTo: number
  markedSpam: number
  markedHam: number
  inContacts: boolean
}

/** Addresses (`a@b.example`) and domains (`b.example`, with all below it), in lower case. */
export interface SenderLists {
  allow: readonly string[]
  block: readonly string[]
}

/** From is who it says it is: DMARC passed, or an aligned signature did where the domain has no policy. */
export function isAuthenticated({ authentication }: MailFacts): boolean {
  return (
    authentication?.dmarc === 'pass' || (authentication?.dkim === 'pass' && authentication.dmarc !== 'fail')
  )
}

/** From is proved to be somebody else's. */
export function isForged({ authentication }: MailFacts): boolean {
  return (
    authentication?.dmarc === 'fail' ||
    (authentication?.dmarc === undefined && authentication?.spf === 'fail')
  )
}

/** The entry of the list that covers the address. */
export function findListed(list: readonly string[], address: string): string | undefined {
  const lower = address.toLowerCase()
  const domain = lower.slice(lower.lastIndexOf('@') + 1)
  return list.find((entry) =>
    entry.includes('@') && !entry.startsWith('@')
      ? entry === lower
      : isWithin(domain, entry.replace(/^@/, '')),
  )
}

function isWithin(domain: string, parent: string): boolean {
  return parent !== '' && (domain === parent || domain.endsWith(`.${parent}`))
}
