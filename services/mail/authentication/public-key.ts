import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto'
import type { Lookups } from './resolver.ts'
import { sizedCache } from './sized-cache.ts'
import { parseTags, withoutWhiteSpace } from './tags.ts'

export interface DomainKey {
  key: KeyObject
  type: 'rsa' | 'ed25519'
  bits: number
  /** `t=s`: the identity of a signature has the signing domain itself. */
  isStrict: boolean
  /** `t=y`: the domain tries DKIM out. */
  isTesting: boolean
}

export type KeyFault = 'dnsFailure' | 'keyMissing' | 'keyRevoked' | 'keyUnusable'

/** Where a domain has its key: RFC 6376 §3.6.2.1. */
function keyName(selector: string, domain: string): string {
  return `${selector}._domainkey.${domain}`
}

export async function fetchKey(
  selector: string,
  domain: string,
  resolver: Lookups,
): Promise<DomainKey | KeyFault> {
  const answer = await resolver.txt(keyName(selector, domain))
  if (answer.status === 'failed') return 'dnsFailure'
  const record = answer.records.find((text) => /(?:^|;)\s*p\s*=/.test(text))
  if (record === undefined) return 'keyMissing'
  const known = cache.get(record)
  if (known !== undefined) return known
  const key = parseKeyRecord(record)
  cache.set(record, key, 3600, record.length * 4)
  return key
}

/** By the text of the record. */
const cache = sizedCache<DomainKey | KeyFault>(4 * 1024 * 1024, Date.now)

/** RFC 6376 §3.6.1, RFC 8463 §4. */
export function parseKeyRecord(record: string): DomainKey | KeyFault {
  const tags = parseTags(record)
  if (tags === undefined) return 'keyUnusable'
  const isFirst = [...tags.keys()][0] === 'v'
  if (tags.has('v') && (tags.get('v') !== 'DKIM1' || !isFirst)) return 'keyUnusable'
  if (!listed(tags.get('h'), 'sha256') || !(listed(tags.get('s'), 'email') || listed(tags.get('s'), '*')))
    return 'keyUnusable'
  const data = withoutWhiteSpace(tags.get('p') ?? '')
  if (data === '') return 'keyRevoked'
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return 'keyUnusable'
  const flags = (tags.get('t') ?? '').split(':').map((flag) => flag.trim())
  const key = readKey((tags.get('k') ?? 'rsa').toLowerCase(), Buffer.from(data, 'base64'))
  if (key === undefined) return 'keyUnusable'
  return { ...key, isStrict: flags.includes('s'), isTesting: flags.includes('y') }
}

function listed(list: string | undefined, wanted: string): boolean {
  return list === undefined || list.split(':').some((entry) => entry.trim().toLowerCase() === wanted)
}

/** The head of a SubjectPublicKeyInfo for Ed25519 (RFC 8410). */
const ed25519Head = Buffer.from('302a300506032b6570032100', 'hex')

function readKey(type: string, data: Buffer): Pick<DomainKey, 'key' | 'type' | 'bits'> | undefined {
  if (type === 'ed25519') {
    const der = data.length === 32 ? Buffer.concat([ed25519Head, data]) : data
    const key = readDer(der, 'spki')
    return key?.asymmetricKeyType === 'ed25519' ? { key, type, bits: 256 } : undefined
  }
  if (type !== 'rsa') return undefined
  const key = readDer(data, 'spki') ?? readDer(data, 'pkcs1')
  const { modulusLength = 0, publicExponent = 0n } = key?.asymmetricKeyDetails ?? {}
  // Beyond these a check takes milliseconds, which is for others to choose.
  if (key?.asymmetricKeyType !== 'rsa' || modulusLength > 8192 || publicExponent > 0xffffffffn)
    return undefined
  return { key, type, bits: modulusLength }
}

function readDer(der: Buffer, type: 'spki' | 'pkcs1'): KeyObject | undefined {
  try {
    return createPublicKey({ key: der, format: 'der', type })
  } catch {
    return undefined
  }
}

/** Whether `signature` is this key's over `data`, hashed with SHA-256 (RFC 8463 §3: Ed25519 signs the hash). */
export function isSignedBy({ key, type }: DomainKey, data: string, signature: Buffer): boolean {
  const bytes = Buffer.from(data, 'latin1')
  try {
    return type === 'rsa'
      ? verify('sha256', bytes, key, signature)
      : verify(null, createHash('sha256').update(bytes).digest(), key, signature)
  } catch {
    return false
  }
}
