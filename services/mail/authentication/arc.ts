import { relaxedField, withoutSignature } from './canonical.ts'
import { verifySignature, type BodyHashes } from './dkim.ts'
import { fetchKey, isSignedBy } from './public-key.ts'
import type { RawField } from './raw-message.ts'
import { canBeName, type Lookups } from './resolver.ts'
import { parseSignature, type Signature } from './signature.ts'
import { parseTags, withoutWhiteSpace } from './tags.ts'

export interface ArcOutcome {
  /** `temperror`: not known now. */
  result: 'none' | 'pass' | 'fail' | 'temperror'
  reason?: ArcReason
  /** Who sealed, the first one first; believed only with `pass`. */
  sealers: { instance: number; domain: string; selector: string }[]
}

export type ArcReason =
  | 'structure'
  | 'saidToFail'
  | 'messageChanged'
  | 'sealWrong'
  | 'dnsFailure'
  | 'keyUnusable'
  | 'tooLong'

/** One instance of the three fields (RFC 8617 §4.2). */
export interface ArcSet {
  results: RawField
  message: RawField
  seal: RawField
  sealTags: ReadonlyMap<string, string>
}

/** RFC 8617 §4.2.1 */
export const maxArcSets = 50
const maxArcText = 256 * 1024

const kinds = {
  'arc-authentication-results': 'results',
  'arc-message-signature': 'message',
  'arc-seal': 'seal',
} as const

export interface PreparedArc {
  /** Undefined where there is no ARC field. */
  sets: ArcSet[] | ArcReason | undefined
  newest?: Signature
}

/** The chain of a message, its body hash asked for. */
export function prepareArc(fields: readonly RawField[], hashes: BodyHashes): PreparedArc {
  const sets = readArcSets(fields)
  if (sets === undefined || typeof sets === 'string') return { sets }
  const newest = parseSignature(sets.at(-1)!.message, 'arc')
  if ('fault' in newest || newest.names.includes('arc-seal')) return { sets: 'structure' }
  hashes.need(newest)
  return { sets, newest }
}

/** The sets from the first to the last, each with its three fields once; else what is wrong with them. */
export function readArcSets(fields: readonly RawField[]): ArcSet[] | ArcReason | undefined {
  const found: Partial<ArcSet>[] = []
  let length = 0
  for (const field of fields) {
    const kind = kinds[field.name as keyof typeof kinds]
    if (kind === undefined) continue
    length += field.text.length
    if (length > maxArcText) return 'tooLong'
    const tags = kind === 'results' ? undefined : parseTags(valueOf(field))
    const instance = kind === 'results' ? resultsInstance(field) : Number(tags?.get('i') ?? Number.NaN)
    if (!Number.isInteger(instance) || instance < 1 || instance > maxArcSets) return 'structure'
    const set = (found[instance - 1] ??= {})
    if (set[kind] !== undefined) return 'structure'
    set[kind] = field
    if (kind === 'seal' && tags !== undefined) set.sealTags = tags
  }
  if (found.length === 0) return undefined
  return Array.from(found).every(isWhole) ? (found as ArcSet[]) : 'structure'
}

function isWhole(set: Partial<ArcSet> | undefined): set is ArcSet {
  return set?.results !== undefined && set.message !== undefined && set.seal !== undefined
}

function valueOf(field: RawField): string {
  return field.text.slice(field.text.indexOf(':') + 1)
}

function resultsInstance(field: RawField): number {
  const found = /^\s*i\s*=\s*(?<digits>\d{1,2})\s*;/.exec(valueOf(field))
  return Number(found?.groups?.digits ?? Number.NaN)
}

/** RFC 8617 §5.2, after the body went through the hashes. */
export async function verifyArc(
  { sets, newest }: PreparedArc,
  fields: readonly RawField[],
  hashes: BodyHashes,
  resolver: Lookups,
  nowSeconds: number,
): Promise<ArcOutcome> {
  if (sets === undefined) return { result: 'none', sealers: [] }
  if (typeof sets === 'string' || newest === undefined)
    return { result: 'fail', reason: typeof sets === 'string' ? sets : 'structure', sealers: [] }
  const sealers = sets.map(({ sealTags }, index) => ({
    instance: index + 1,
    domain: (sealTags.get('d') ?? '').toLowerCase().slice(0, 253),
    selector: (sealTags.get('s') ?? '').toLowerCase().slice(0, 253),
  }))
  const states = sets.map(({ sealTags }) => sealTags.get('cv')?.toLowerCase())
  if (states.at(-1) === 'fail') return { result: 'fail', reason: 'saidToFail', sealers }
  if (states.some((state, index) => state !== (index === 0 ? 'none' : 'pass')))
    return { result: 'fail', reason: 'structure', sealers }

  const { result, reason } = await verifySignature(newest, fields, hashes, resolver, nowSeconds)
  if (result === 'temperror') return { result, reason: 'dnsFailure', sealers }
  if (result !== 'pass')
    return { result: 'fail', reason: reason?.startsWith('key') ? 'keyUnusable' : 'messageChanged', sealers }
  const fault = await verifySeals(sets, resolver)
  if (fault === 'dnsFailure') return { result: 'temperror', reason: fault, sealers }
  return fault === undefined ? { result: 'pass', sealers } : { result: 'fail', reason: fault, sealers }
}

async function verifySeals(sets: readonly ArcSet[], resolver: Lookups): Promise<ArcReason | undefined> {
  const faults = await Promise.all(sets.map((_, index) => verifySeal(sets.slice(0, index + 1), resolver)))
  return faults.find((fault) => fault !== undefined && fault !== 'dnsFailure') ?? faults.find(Boolean)
}

async function verifySeal(sets: readonly ArcSet[], resolver: Lookups): Promise<ArcReason | undefined> {
  const { seal, sealTags } = sets.at(-1)!
  const tag = (name: string) => sealTags.get(name) ?? ''
  const algorithm = tag('a').toLowerCase()
  // RFC 8617 §4.1.3: a seal names no fields.
  if (sealTags.has('h') || !canBeName(tag('d')) || !/^[A-Za-z0-9._-]+$/.test(tag('s'))) return 'structure'
  if (algorithm !== 'rsa-sha256' && algorithm !== 'ed25519-sha256') return 'structure'
  const key = await fetchKey(tag('s').toLowerCase(), tag('d').toLowerCase(), resolver)
  if (key === 'dnsFailure') return key
  if (
    typeof key === 'string' ||
    `${key.type}-sha256` !== algorithm ||
    (key.type === 'rsa' && key.bits < 1024)
  )
    return 'keyUnusable'
  const text =
    sealedFields(sets)
      .slice(0, -1)
      .map((field) => `${relaxedField(field.text)}\r\n`)
      .join('') + relaxedField(withoutSignature(seal.text))
  return isSignedBy(key, text, Buffer.from(withoutWhiteSpace(tag('b')), 'base64')) ? undefined : 'sealWrong'
}

/** RFC 8617 §5.1.1: what a seal covers, in that order, itself last. */
export function sealedFields(sets: readonly ArcSet[]): RawField[] {
  return sets.flatMap(({ results, message, seal }) => [results, message, seal])
}
