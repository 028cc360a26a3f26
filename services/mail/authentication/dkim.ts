import { canonicalField, hashBodyAs, selectFields, withoutSignature, type BodyHash } from './canonical.ts'
import { fetchKey, isSignedBy, type KeyFault } from './public-key.ts'
import type { RawField } from './raw-message.ts'
import type { Lookups } from './resolver.ts'
import { parseSignature, type FaultySignature, type Signature, type SignatureFault } from './signature.ts'

export type DkimResult = 'pass' | 'fail' | 'policy' | 'neutral' | 'temperror' | 'permerror'

export type DkimReason =
  | SignatureFault
  | KeyFault
  | 'bodyChanged'
  | 'signatureWrong'
  | 'expired'
  | 'bodyNotCovered'
  | 'weakKey'
  | 'keyMismatch'
  | 'headerTooLong'
  | 'tooManySignatures'

export interface DkimOutcome {
  domain: string
  selector: string
  result: DkimResult
  reason?: DkimReason
  algorithm: string
  /** Of the key, where it was read. */
  bits?: number
  /** Whether the domain is the author's by the author's DMARC policy, relaxed where there is none. */
  aligned: boolean
  /** The domain tries DKIM out (`t=y`). */
  isTesting?: boolean
  /** The first letters of the signature. */
  mark?: string
}

/** More are not looked at, the newest come first. */
const maxSignatures = 8

/** Body hashes that several signatures share. */
export function bodyHashes() {
  const hashes = new Map<string, BodyHash>()
  const finished = new Map<string, { digest: string; length: number }>()
  const keyOf = ({ body, bodyLength }: Signature) => `${body} ${bodyLength ?? ''}`
  return {
    need(signature: Signature): void {
      const key = keyOf(signature)
      if (!hashes.has(key)) hashes.set(key, hashBodyAs(signature.body, signature.bodyLength))
    },
    get all(): BodyHash[] {
      return [...hashes.values()]
    },
    of(signature: Signature): { digest: string; length: number } {
      const key = keyOf(signature)
      const known = finished.get(key) ?? hashes.get(key)!.finish()
      finished.set(key, known)
      return known
    },
  }
}

export type BodyHashes = ReturnType<typeof bodyHashes>

export interface PreparedDkim {
  signatures: (Signature | FaultySignature)[]
  isCut: boolean
}

/** The signatures of a message, their body hashes asked for. */
export function prepareDkim(fields: readonly RawField[], hashes: BodyHashes): PreparedDkim {
  const found = fields.filter(({ name }) => name === 'dkim-signature')
  const signatures = found.slice(0, maxSignatures).map((field) => parseSignature(field, 'dkim'))
  for (const signature of signatures) if (!('fault' in signature)) hashes.need(signature)
  return { signatures, isCut: found.length > maxSignatures }
}

/** After the body went through the hashes. */
export async function verifyDkim(
  { signatures, isCut }: PreparedDkim,
  fields: readonly RawField[],
  hashes: BodyHashes,
  resolver: Lookups,
  nowSeconds: number,
): Promise<DkimOutcome[]> {
  const outcomes = await Promise.all(
    signatures.map(async (signature): Promise<DkimOutcome> => {
      const { domain, selector, algorithm } = signature
      const verdict =
        'fault' in signature
          ? { result: resultOfFault[signature.fault], reason: signature.fault }
          : await verifySignature(signature, fields, hashes, resolver, nowSeconds)
      const mark = 'fault' in signature ? {} : { mark: signature.mark }
      return { domain, selector, algorithm, aligned: false, ...mark, ...verdict }
    }),
  )
  const rest = { domain: '', selector: '', algorithm: '', aligned: false }
  return isCut ? [...outcomes, { ...rest, result: 'neutral', reason: 'tooManySignatures' }] : outcomes
}

const resultOfFault: Record<SignatureFault | KeyFault, DkimResult> = {
  syntax: 'neutral',
  algorithmUnknown: 'neutral',
  weakAlgorithm: 'policy',
  fromNotSigned: 'permerror',
  domainMismatch: 'permerror',
  dnsFailure: 'temperror',
  keyMissing: 'permerror',
  keyRevoked: 'permerror',
  keyUnusable: 'permerror',
}

export interface SignatureVerdict {
  result: DkimResult
  reason?: DkimReason
  bits?: number
  isTesting?: boolean
}

/** RFC 6376 §6.1, for a DKIM-Signature or an ARC-Message-Signature. */
export async function verifySignature(
  signature: Signature,
  fields: readonly RawField[],
  hashes: BodyHashes,
  resolver: Lookups,
  nowSeconds: number,
): Promise<SignatureVerdict> {
  const body = hashes.of(signature)
  if (body.digest !== signature.bodyHash) return { result: 'fail', reason: 'bodyChanged' }
  const key = await fetchKey(signature.selector, signature.domain, resolver)
  if (typeof key === 'string') return { result: resultOfFault[key], reason: key }
  const facts = { bits: key.bits, ...(key.isTesting ? { isTesting: true } : {}) }
  if (key.type !== signature.keyType) return { result: 'permerror', reason: 'keyMismatch', ...facts }
  if (key.isStrict && signature.identityDomain !== signature.domain)
    return { result: 'permerror', reason: 'domainMismatch', ...facts }
  // RFC 8301 §3.2
  if (key.type === 'rsa' && key.bits < 1024) return { result: 'policy', reason: 'weakKey', ...facts }
  if (!isSignedBy(key, signedText(signature, fields), signature.value))
    return { result: 'fail', reason: 'signatureWrong', ...facts }
  if (signature.expiresAt !== undefined && signature.expiresAt < nowSeconds)
    return { result: 'policy', reason: 'expired', ...facts }
  if (signature.bodyLength !== undefined && signature.bodyLength < body.length)
    return { result: 'policy', reason: 'bodyNotCovered', ...facts }
  return { result: 'pass', ...facts }
}

/** RFC 6376 §3.7: the fields it names, then itself without its value. */
function signedText({ field, names, header }: Signature, fields: readonly RawField[]): string {
  const signed = selectFields(fields, names, field).map((each) => `${canonicalField(each, header)}\r\n`)
  const itself = canonicalField({ name: field.name, text: withoutSignature(field.text) }, header)
  return signed.join('') + itself
}
