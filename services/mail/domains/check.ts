import { parseDmarcRecord } from '../authentication/dmarc-record.ts'
import { parseKeyRecord } from '../authentication/public-key.ts'
import type { DnsAnswer, Lookups } from '../authentication/resolver.ts'
import { checkSpf } from '../authentication/spf.ts'
import { parseTags, withoutWhiteSpace } from '../authentication/tags.ts'
import type { DomainRecord } from './records.ts'

export interface CheckedRecord {
  record: DomainRecord
  /** `unknown`: DNS did not answer. */
  state: 'present' | 'differs' | 'missing' | 'unknown'
  /** What stands at that name, of that type. */
  found: string[]
  advice: RecordAdvice
}

/** What to do, for the pages to say: `provider` is to ask whoever owns the address, where only they can set it. */
export type RecordAdvice = 'nothing' | 'add' | 'replace' | 'keepOne' | 'tryLater' | 'provider'

/** Compares what should stand with what does; a record that does the same work in other words is present. */
export function checkRecords(records: readonly DomainRecord[], resolver: Lookups): Promise<CheckedRecord[]> {
  return Promise.all(records.map((record) => checkRecord(record, records, resolver)))
}

async function checkRecord(
  record: DomainRecord,
  records: readonly DomainRecord[],
  resolver: Lookups,
): Promise<CheckedRecord> {
  const answer = await lookUp(record, resolver)
  if (answer.status === 'failed') return { record, state: 'unknown', found: [], advice: 'tryLater' }
  const found = answer.records.filter((text) => isOfKind(record, text))
  const isOwners = record.type === 'PTR'
  if (found.length === 0) return { record, state: 'missing', found, advice: isOwners ? 'provider' : 'add' }
  if (isOnlyOne(record) && found.length > 1) return { record, state: 'differs', found, advice: 'keepOne' }
  if (await doesItsWork(record, found, records, resolver))
    return { record, state: 'present', found, advice: 'nothing' }
  return { record, state: 'differs', found, advice: isOwners ? 'provider' : 'replace' }
}

async function lookUp({ type, name, value }: DomainRecord, resolver: Lookups): Promise<DnsAnswer<string>> {
  if (type === 'A') return resolver.a(name)
  if (type === 'AAAA') return resolver.aaaa(name)
  if (type === 'TXT') return resolver.txt(name)
  if (type === 'PTR') return resolver.ptr(addressOf(name))
  if (type === 'MX') return asTexts(await resolver.mx(name), (mx) => `${mx.preference} ${mx.exchange}`)
  if (type === 'SRV')
    return asTexts(await resolver.srv(name), ({ priority, weight, port, target }) =>
      [priority, weight, port, target].join(' '),
    )
  const alias = await resolver.cname(name)
  return alias.status === 'found' ? alias : addressesAsAlias(name, value, resolver)
}

function asTexts<T>(answer: DnsAnswer<T>, text: (record: T) => string): DnsAnswer<string> {
  return answer.status === 'found' ? { status: 'found', records: answer.records.map(text) } : answer
}

/** A name may have the addresses of the other one instead of pointing to it. */
async function addressesAsAlias(name: string, target: string, resolver: Lookups): Promise<DnsAnswer<string>> {
  const [own, others] = [await resolver.a(name), await resolver.a(target)]
  if (own.status !== 'found') return own
  const isSame = own.records.every((address) => others.records.some((other) => other === address))
  return { status: 'found', records: isSame ? [target] : own.records }
}

/** The address whose reverse name this is. */
function addressOf(name: string): string {
  const labels = name.split('.').toReversed()
  if (name.endsWith('.in-addr.arpa')) return labels.slice(2).join('.')
  return (labels.slice(2).join('').match(/.{4}/g) ?? []).join(':')
}

/** What else stands at the same name is not ours to judge. */
function isOfKind({ purpose }: DomainRecord, text: string): boolean {
  const start = text
    .trim()
    .toLowerCase()
    .replace(/\s*=\s*/, '=')
  if (purpose === 'spf' || purpose === 'hostSpf') return /^v=spf1(?: |$)/.test(start)
  if (purpose === 'dmarc' || purpose === 'reportConsent') return start.startsWith('v=dmarc1')
  if (purpose === 'mtaSts') return start.startsWith('v=stsv1')
  if (purpose === 'tlsReports') return start.startsWith('v=tlsrptv1')
  return true
}

function isOnlyOne({ type, purpose }: DomainRecord): boolean {
  return type === 'TXT' && purpose !== 'reportConsent'
}

async function doesItsWork(
  record: DomainRecord,
  found: readonly string[],
  records: readonly DomainRecord[],
  resolver: Lookups,
): Promise<boolean> {
  const [first = ''] = found
  const { purpose, value } = record
  if (purpose === 'spf' || purpose === 'hostSpf') return allowsUs(record, records, resolver)
  if (purpose === 'dkim') return isSameKey(first, value)
  if (purpose === 'dmarc') return parseDmarcRecord(first) !== undefined
  if (purpose === 'reportConsent') return true
  if (purpose === 'mtaSts') return parseTags(first)?.get('id') === parseTags(value)?.get('id')
  if (purpose === 'tlsReports') return /^(?:mailto|https):/i.test(parseTags(first)?.get('rua') ?? '')
  if (record.type === 'MX') return lastWord(first) === lastWord(value)
  if (record.type === 'SRV') return found.some((text) => portAndTarget(text) === portAndTarget(value))
  return found.some((text) => text.toLowerCase() === value.toLowerCase())
}

/** Each of our addresses may send for the name, whatever the words. */
async function allowsUs(
  { name, purpose }: DomainRecord,
  records: readonly DomainRecord[],
  resolver: Lookups,
): Promise<boolean> {
  const addresses = records.filter((other) => other.purpose === 'host').map(({ value }) => value)
  const mailFrom = purpose === 'spf' ? `postmaster@${name}` : ''
  const outcomes = await Promise.all(
    addresses.map((address) => checkSpf({ address, helo: name, mailFrom, receiver: name }, resolver)),
  )
  return outcomes.every(({ result }) => result === 'pass')
}

function isSameKey(found: string, wanted: string): boolean {
  const key = (text: string) => withoutWhiteSpace(parseTags(text)?.get('p') ?? '')
  return typeof parseKeyRecord(found) === 'object' && key(found) === key(wanted)
}

function lastWord(text: string): string {
  return text.slice(text.lastIndexOf(' ') + 1).toLowerCase()
}

function portAndTarget(text: string): string {
  return text.split(' ').slice(2).join(' ').toLowerCase()
}
