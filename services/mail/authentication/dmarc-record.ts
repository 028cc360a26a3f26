import { canBeName, type Lookups } from './resolver.ts'

export type DmarcPolicy = 'none' | 'quarantine' | 'reject'

/** RFC 9989 §4.7; what is not known is left out, and `pct` is no more. */
export interface DmarcRecord {
  p: DmarcPolicy
  sp: DmarcPolicy | undefined
  np: DmarcPolicy | undefined
  adkim: 'r' | 's'
  aspf: 'r' | 's'
  psd: 'y' | 'n' | 'u'
  isTesting: boolean
  fo: string
  /** Where aggregate reports are wanted: the addresses of `mailto:`. */
  reportTo: string[]
}

export interface PublishedRecord {
  domain: string
  /** Undefined where the record has no policy and wants no reports (RFC 9989 §4.10.1). */
  record: DmarcRecord | undefined
  psd: DmarcRecord['psd']
}

export interface TreeWalk {
  /** The longest name first. */
  found: PublishedRecord[]
  /** A look-up failed: what stands above is not known. */
  isBroken: boolean
  organisation: string
}

/** RFC 9989 §4.10: from the domain up, at most eight look-ups. */
export async function walkTree(domain: string, resolver: Lookups): Promise<TreeWalk> {
  const found: PublishedRecord[] = []
  let labels = domain.split('.')
  let isBroken = false
  while (labels.length > 0) {
    const name = labels.join('.')
    const published = await lookUpRecord(name, resolver)
    if (published === 'failed') {
      isBroken = true
      break
    }
    if (published !== undefined) {
      found.push(published)
      if (published.psd !== 'u') break
    }
    labels = labels.length > 7 ? labels.slice(-7) : labels.slice(1)
  }
  return { found, isBroken, organisation: organisationOf(domain, found) }
}

/** RFC 9989 §4.10.2 */
function organisationOf(domain: string, found: readonly PublishedRecord[]): string {
  for (const { domain: name, psd } of found) {
    if (psd === 'n') return name
    if (psd === 'y' && name !== domain)
      return domain
        .split('.')
        .slice(-(name.split('.').length + 1))
        .join('.')
  }
  return found.at(-1)?.domain ?? domain
}

async function lookUpRecord(
  name: string,
  resolver: Lookups,
): Promise<PublishedRecord | undefined | 'failed'> {
  if (!canBeName(`_dmarc.${name}`)) return undefined
  const answer = await resolver.txt(`_dmarc.${name}`)
  if (answer.status === 'failed') return 'failed'
  const records = answer.records.filter((text) => /^\s*[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(text))
  // Several records are none.
  if (records.length !== 1) return undefined
  const tags = readTags(records[0]!)
  return tags === undefined
    ? undefined
    : { domain: name, record: readRecord(tags), psd: oneOf(tags.get('psd'), ['y', 'n']) ?? 'u' }
}

export function parseDmarcRecord(text: string): DmarcRecord | undefined {
  const tags = readTags(text)
  return tags === undefined ? undefined : readRecord(tags)
}

/** Parts without a value are left out; a name that stands twice spoils the whole (RFC 6376 §3.2). */
function readTags(text: string): Map<string, string> | undefined {
  const tags = new Map<string, string>()
  for (const part of text.split(';')) {
    const equals = part.indexOf('=')
    if (equals < 0) continue
    const name = part.slice(0, equals).trim().toLowerCase()
    if (tags.has(name)) return undefined
    tags.set(name, part.slice(equals + 1).trim())
  }
  return tags
}

function readRecord(tags: ReadonlyMap<string, string>): DmarcRecord | undefined {
  const policies = ['none', 'quarantine', 'reject'] as const
  const p = oneOf(tags.get('p'), policies)
  const sp = oneOf(tags.get('sp'), policies)
  const np = oneOf(tags.get('np'), policies)
  const isValid =
    p !== undefined && (sp !== undefined || !tags.has('sp')) && (np !== undefined || !tags.has('np'))
  const reportTo = reportAddresses(tags.get('rua') ?? '')
  if (!isValid && !/[a-z]:/i.test(tags.get('rua') ?? '')) return undefined
  return {
    p: isValid ? p : 'none',
    sp: isValid ? sp : undefined,
    np: isValid ? np : undefined,
    adkim: oneOf(tags.get('adkim'), ['s']) ?? 'r',
    aspf: oneOf(tags.get('aspf'), ['s']) ?? 'r',
    psd: oneOf(tags.get('psd'), ['y', 'n']) ?? 'u',
    isTesting: tags.get('t')?.toLowerCase() === 'y',
    fo: (tags.get('fo') ?? '0').slice(0, 20),
    reportTo,
  }
}

function oneOf<const T extends string>(text: string | undefined, values: readonly T[]): T | undefined {
  return values.find((value) => value === text?.toLowerCase())
}

/** At most ten; an obsolete `!10m` behind an address falls away. */
function reportAddresses(list: string): string[] {
  return list
    .split(',', 10)
    .map((uri) => /^mailto:(?<address>[^?!\s]+@[^?!\s]+)/i.exec(uri.trim())?.groups?.address)
    .flatMap((address) => (address === undefined ? [] : [decoded(address)]))
    .filter((address) => /^[\x21-\x7e]{3,254}$/.test(address))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
