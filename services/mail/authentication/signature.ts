import { domainToASCII } from 'node:url'
import type { Canonicalization } from './canonical.ts'
import type { RawField } from './raw-message.ts'
import { canBeName } from './resolver.ts'
import { parseTags, withoutWhiteSpace } from './tags.ts'

/** What a DKIM-Signature (RFC 6376 §3.5) or ARC-Message-Signature (RFC 8617 §4.1.2) says. */
export interface Signature {
  field: RawField
  domain: string
  selector: string
  algorithm: string
  keyType: 'rsa' | 'ed25519'
  header: Canonicalization
  body: Canonicalization
  /** Of `h=`, lower case. */
  names: string[]
  /** Base64. */
  bodyHash: string
  value: Buffer
  /** `l=`: how many octets of the body it covers. */
  bodyLength: number | undefined
  signedAt: number | undefined
  expiresAt: number | undefined
  /** The domain of `i=`, of a DKIM-Signature. */
  identityDomain: string
  /** The first letters of `b=`, as RFC 6008 names a signature in results. */
  mark: string
}

export type SignatureFault =
  | 'syntax'
  | 'algorithmUnknown'
  | 'weakAlgorithm'
  | 'fromNotSigned'
  | 'domainMismatch'

export interface FaultySignature {
  fault: SignatureFault
  domain: string
  selector: string
  algorithm: string
}

export function parseSignature(field: RawField, kind: 'dkim' | 'arc'): Signature | FaultySignature {
  const tags = parseTags(field.text.slice(field.text.indexOf(':') + 1))
  const tag = (name: string) => tags?.get(name) ?? ''
  const named = {
    domain: asciiName(tag('d')),
    selector: asciiName(tag('s')),
    algorithm: tag('a').toLowerCase().slice(0, 40),
  }
  const faulty = (fault: SignatureFault): FaultySignature => ({ fault, ...named })
  if (tags === undefined || (kind === 'dkim' && tag('v') !== '1')) return faulty('syntax')
  if (!canBeName(named.domain) || !/^[a-z0-9._-]+$/.test(named.selector)) return faulty('syntax')

  if (kind === 'dkim' && named.algorithm === 'rsa-sha1') return faulty('weakAlgorithm') // RFC 8301 §3.1
  if (named.algorithm !== 'rsa-sha256' && named.algorithm !== 'ed25519-sha256')
    return faulty('algorithmUnknown')
  const [header = 'simple', body = 'simple'] = (tags.get('c') ?? '').toLowerCase().split('/').filter(Boolean)
  if (!isCanonicalization(header) || !isCanonicalization(body)) return faulty('algorithmUnknown')

  const bodyHash = withoutWhiteSpace(tag('bh'))
  const value = withoutWhiteSpace(tag('b'))
  const names = tag('h')
    .split(':')
    .map((name) => name.trim().toLowerCase())
  const numbers = ['l', 't', 'x'].map((name) => numberOf(tags.get(name)))
  const isWhole = isBase64(bodyHash) && isBase64(value) && names.every((name) => name !== '')
  if (!isWhole || numbers.some(Number.isNaN) || !asksDns(tags.get('q'))) return faulty('syntax')
  if (!names.includes('from')) return faulty('fromNotSigned') // RFC 6376 §5.4
  const identityDomain = kind === 'dkim' ? identityDomainOf(tags.get('i'), named.domain) : named.domain
  if (identityDomain === undefined) return faulty('domainMismatch')

  const [bodyLength, signedAt, expiresAt] = numbers
  if (signedAt !== undefined && expiresAt !== undefined && expiresAt <= signedAt) return faulty('syntax')
  return {
    field,
    ...named,
    keyType: named.algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519',
    header,
    body,
    names,
    bodyHash,
    value: Buffer.from(value, 'base64'),
    bodyLength,
    signedAt,
    expiresAt,
    identityDomain,
    mark: value.slice(0, 8),
  }
}

function asciiName(name: string): string {
  const plain = name.replace(/\.$/, '').toLowerCase()
  // eslint-disable-next-line no-control-regex
  return /[^\x00-\x7f]/.test(plain)
    ? domainToASCII(Buffer.from(plain, 'latin1').toString('utf8'))
    : plain.slice(0, 300)
}

function isCanonicalization(text: string): text is Canonicalization {
  return text === 'simple' || text === 'relaxed'
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text)
}

/** Undefined where the tag is absent, not a number where it is none. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return /^\d{1,76}$/.test(text) ? Number(text) : Number.NaN
}

/** RFC 6376 §3.5: of the query methods `dns/txt` is the only one there is. */
function asksDns(methods: string | undefined): boolean {
  return (
    methods === undefined || methods.split(':').some((method) => method.trim().toLowerCase() === 'dns/txt')
  )
}

/** RFC 6376 §3.5: the identity is at the signing domain or below it; else undefined. */
function identityDomainOf(identity: string | undefined, domain: string): string | undefined {
  if (identity === undefined) return domain
  const own = asciiName(withoutWhiteSpace(identity.slice(identity.lastIndexOf('@') + 1)))
  return identity.includes('@') && (own === domain || own.endsWith(`.${domain}`)) ? own : undefined
}
