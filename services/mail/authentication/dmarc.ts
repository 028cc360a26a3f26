import type { DkimOutcome } from './dkim.ts'
import { walkTree, type DmarcPolicy, type DmarcRecord, type TreeWalk } from './dmarc-record.ts'
import type { Lookups } from './resolver.ts'
import type { SpfOutcome } from './spf.ts'

export interface DmarcOutcome {
  result: 'none' | 'pass' | 'fail' | 'temperror' | 'permerror'
  /** `permerror`: why there is no one author domain. */
  reason?: 'noAuthor' | 'severalAuthors' | 'dnsFailure'
  /** Of the author, in ASCII; empty where there is none. */
  domain: string
  /** What the domain asks to be done with mail that fails: of its `p`, `sp` or `np`, one step less while it tests. */
  policy: DmarcPolicy
  /** Where the record stands, and what it says. */
  policyDomain?: string
  record?: DmarcRecord
  organisation?: string
  spfAligned: boolean
  dkimAligned: boolean
}

/** An attacker's signatures must not make walks without end. */
const maxWalks = 10

export interface DmarcQuestion {
  /** The domains of all addresses in From, in ASCII and lower case. */
  authorDomains: readonly string[]
  spf: SpfOutcome
  /** `aligned` is put right in each. */
  dkim: readonly DkimOutcome[]
}

/** RFC 9989 §5.3 */
export async function checkDmarc(
  { authorDomains, spf, dkim }: DmarcQuestion,
  resolver: Lookups,
): Promise<DmarcOutcome> {
  const [domain, ...others] = new Set(authorDomains)
  const nothing = { domain: domain ?? '', policy: 'none', spfAligned: false, dkimAligned: false } as const
  if (domain === undefined || (domain === '' && others.length === 0))
    return { result: 'permerror', reason: 'noAuthor', ...nothing }
  if (others.length > 0) return { result: 'permerror', reason: 'severalAuthors', ...nothing }

  const walk = await walkTree(domain, resolver)
  const published = recordFor(domain, walk)
  if (published === undefined && walk.isBroken)
    return { result: 'temperror', reason: 'dnsFailure', ...nothing }
  const alignment = aligner(domain, walk, published?.record, resolver)
  const spfAlignment = await alignment(spf.domain, 'aspf')
  let dkimAlignment: boolean | 'unknown' = false
  for (const outcome of dkim) {
    const aligned = await alignment(outcome.domain, 'adkim')
    outcome.aligned = aligned === true
    if (outcome.result !== 'pass') continue
    if (aligned === true || dkimAlignment === false) dkimAlignment = aligned
  }
  const facts = {
    domain,
    spfAligned: spf.result === 'pass' && spfAlignment === true,
    dkimAligned: dkimAlignment === true,
    organisation: walk.organisation,
  }
  if (published === undefined) return { result: 'none', policy: 'none', ...facts }

  const policy = await policyFor(domain, published, resolver)
  const known = { ...facts, policyDomain: published.domain, record: published.record }
  if (facts.spfAligned || facts.dkimAligned) return { result: 'pass', policy: policy ?? 'none', ...known }
  // Only a name that belongs to the author's: else anyone's broken DNS would hold the policy off.
  const mayPassLater =
    (spf.result === 'temperror' && spfAlignment !== false) ||
    (spf.result === 'pass' && spfAlignment === 'unknown') ||
    dkim.some(({ result, aligned }) => result === 'temperror' && aligned)
  if (policy === undefined || dkimAlignment === 'unknown' || mayPassLater)
    return { result: 'temperror', reason: 'dnsFailure', policy: 'none', ...known }
  return { result: 'fail', policy, ...known }
}

interface AppliedRecord {
  domain: string
  record: DmarcRecord
}

/** RFC 9989 §4.10.1: the domain's own record, else its organisation's, else that of the suffix above. */
function recordFor(domain: string, { found, isBroken, organisation }: TreeWalk): AppliedRecord | undefined {
  const own = found.find((published) => published.domain === domain)
  const above = isBroken ? undefined : found.find((published) => published.domain === organisation)
  const suffix = isBroken ? undefined : found.find(({ psd }) => psd === 'y')
  const applied = own ?? above ?? suffix
  return applied?.record === undefined ? undefined : { domain: applied.domain, record: applied.record }
}

function aligner(domain: string, walk: TreeWalk, record: DmarcRecord | undefined, resolver: Lookups) {
  const organisations = new Map<string, Promise<TreeWalk>>([[domain, Promise.resolve(walk)]])
  return async (other: string, mode: 'aspf' | 'adkim'): Promise<boolean | 'unknown'> => {
    if (other === domain) return true
    if (other === '' || record?.[mode] === 's') return false
    // Without a policy there is no organisation to find: a name and one above it belong together.
    if (record === undefined) return isAbove(other, domain) || isAbove(domain, other)
    if (walk.isBroken) return other.split('.').at(-1) === domain.split('.').at(-1) ? 'unknown' : false
    // An organisation is the name itself or one above it.
    if (other !== walk.organisation && !isAbove(walk.organisation, other)) return false
    if (!organisations.has(other) && organisations.size > maxWalks) return 'unknown'
    const known = organisations.get(other) ?? walkTree(other, resolver)
    organisations.set(other, known)
    const { isBroken, organisation } = await known
    return isBroken ? 'unknown' : organisation === walk.organisation
  }
}

function isAbove(upper: string, lower: string): boolean {
  return upper.includes('.') && lower.endsWith(`.${upper}`)
}

/** RFC 9989 §4.7: `sp` and `np` for names below, `t=y` asks for one step less; undefined where DNS did not say. */
async function policyFor(
  domain: string,
  { domain: policyDomain, record }: AppliedRecord,
  resolver: Lookups,
): Promise<DmarcPolicy | undefined> {
  let policy = record.p
  if (policyDomain !== domain) {
    policy = record.sp ?? record.p
    if (record.np !== undefined && record.np !== policy) {
      const { status } = await resolver.a(domain)
      if (status === 'failed') return undefined
      if (status === 'missing') policy = record.np
    }
  }
  if (!record.isTesting) return policy
  return policy === 'reject' ? 'quarantine' : 'none'
}
