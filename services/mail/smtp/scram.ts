/** The server's side of SCRAM-SHA-256: RFC 5802, RFC 7677; bound to the TLS connection after RFC 9266. */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { ScramCredentials } from './policy.ts'

export interface ClientFirst {
  user: string
  nonce: string
  /** The message without its GS2 header, and that header. */
  bare: string
  header: string
  /** `unused`: the client could bind but believes that we cannot. */
  binding: 'none' | 'unused' | 'tls-exporter'
}

/** What is kept of a password instead of it. */
export async function scramKeys(
  password: string,
  salt: Buffer,
  iterations: number,
): Promise<{ storedKey: Buffer; serverKey: Buffer }> {
  const salted = await promisify(pbkdf2)(prepared(password) ?? password, salt, iterations, 32, 'sha256')
  return { storedKey: sha256(hmac(salted, 'Client Key')), serverKey: hmac(salted, 'Server Key') }
}

/** Undefined where it is malformed, acts for somebody else or wants a binding that we lack. */
export function readClientFirst(message: string): ClientFirst | undefined {
  // An extension that begins with `m=` is mandatory, and none is known.
  const match = /^(([ny]|p=tls-exporter),(?:a=([^,]*))?,)(n=([^,]+),r=([!-+--~]{8,256})(?:,.*)?)$/.exec(
    message,
  )
  if (!match) return undefined
  const [, header = '', flag, actAs, bare = '', name = '', nonce = ''] = match
  const user = decodeName(name)
  if (user === undefined || (actAs !== undefined && decodeName(actAs) !== user)) return undefined
  const binding = flag === 'n' ? 'none' : flag === 'y' ? 'unused' : 'tls-exporter'
  return { user, nonce, bare, header, binding }
}

/** `nonce` is ours, in printable ASCII without commas. */
export function serverFirst(
  first: ClientFirst,
  nonce: string,
  { salt, iterations }: ScramCredentials,
): string {
  return `r=${first.nonce}${nonce},s=${salt.toString('base64')},i=${iterations}`
}

/**
 * Tries the client's proof on every key, always on all. `challenge` is what `serverFirst` gave, `exported` the key of
 * the TLS connection. Gives the key that fits and what proves to the client that we know it.
 */
export function checkClientFinal(
  first: ClientFirst,
  challenge: string,
  message: string,
  exported: Buffer | undefined,
  keys: ScramCredentials['keys'],
): { keyId: string; serverFinal: string } | undefined {
  const match = /^((c=[^,]*),(r=[^,]*)(?:,[^,]*)*),p=([A-Za-z\d+/]{43}=)$/.exec(message)
  if (!match) return undefined
  const [, withoutProof, binding, nonce, proof = ''] = match
  const bound = first.binding === 'tls-exporter' ? (exported ?? Buffer.alloc(0)) : Buffer.alloc(0)
  const expected = Buffer.concat([Buffer.from(first.header), bound]).toString('base64')
  if (binding !== `c=${expected}` || nonce !== challenge.slice(0, challenge.indexOf(','))) return undefined

  const signed = `${first.bare},${challenge},${withoutProof}`
  const proofOctets = Buffer.from(proof, 'base64')
  let found: { keyId: string; serverFinal: string } | undefined
  for (const { id, storedKey, serverKey } of keys) {
    const clientKey = xor(proofOctets, hmac(storedKey, signed))
    const isRight = timingSafeEqual(sha256(clientKey), storedKey)
    const serverFinal = `v=${hmac(serverKey, signed).toString('base64')}`
    if (isRight && !found) found = { keyId: id, serverFinal }
  }
  return found
}

/** SASLprep (RFC 4013) in what matters for names and passwords; undefined where characters may not stand in either. */
export function prepared(text: string): string | undefined {
  const mapped = text
    .replaceAll(/[\u00ad\u200b\u2060\ufeff]/g, '')
    .replaceAll(/\p{Zs}/gu, ' ')
    .normalize('NFKC')
  return /[\p{Cc}\p{Cs}\p{Co}]/u.test(mapped) ? undefined : mapped
}

/** RFC 5802 §5.1: `=2C` is a comma, `=3D` an equals sign, and no other `=` stands there. */
function decodeName(text: string): string | undefined {
  if (/=(?!2C|3D)/.test(text)) return undefined
  return prepared(text.replaceAll('=2C', ',').replaceAll('=3D', '='))
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(octets: Buffer): Buffer {
  return createHash('sha256').update(octets).digest()
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((octet, index) => octet ^ other[index]!))
}
