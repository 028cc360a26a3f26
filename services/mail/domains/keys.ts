import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

export type DkimAlgorithm = 'rsa' | 'ed25519'

export interface DomainKeyPair {
  selector: string
  algorithm: DkimAlgorithm
  /** PKCS #8 as PEM: a secret. */
  privateKey: string
  /** The text of the TXT record at `<selector>._domainkey.<domain>`. */
  publicRecord: string
}

const makePair = promisify(generateKeyPair)

/** A fresh pair of each algorithm: every receiver knows RSA, Ed25519 is shorter and stronger (RFC 8463). */
export function makeDomainKeys(now: Date, takenSelectors: readonly string[] = []): Promise<DomainKeyPair[]> {
  return Promise.all(
    (['rsa', 'ed25519'] as const).map((algorithm) => makeKey(algorithm, now, takenSelectors)),
  )
}

async function makeKey(
  algorithm: DkimAlgorithm,
  now: Date,
  takenSelectors: readonly string[] = [],
): Promise<DomainKeyPair> {
  const { privateKey } =
    algorithm === 'rsa' ? await makePair('rsa', { modulusLength: 2048 }) : await makePair('ed25519')
  return {
    selector: selectorFor(algorithm, now, takenSelectors),
    algorithm,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicRecord: publicRecordOf(privateKey),
  }
}

/** `r20261121` or `e20261121`; with a letter behind where that one is taken. */
export function selectorFor(algorithm: DkimAlgorithm, now: Date, taken: readonly string[] = []): string {
  const plain = `${algorithm[0]}${now.toISOString().slice(0, 10).replaceAll('-', '')}`
  const candidates = ['', ...'bcdefghijklmnopqrstuvwxyz'].map((letter) => plain + letter)
  const free = candidates.find((candidate) => !taken.includes(candidate))
  if (free === undefined) throw new Error(`Every selector of this day is taken: ${plain}.`)
  return free
}

/** RFC 6376 §3.6.1; of Ed25519 the bare 32 octets (RFC 8463 §4). */
export function publicRecordOf(privateKey: string | KeyObject): string {
  const key = createPublicKey(privateKey)
  const der = key.export({ type: 'spki', format: 'der' })
  return key.asymmetricKeyType === 'ed25519'
    ? `v=DKIM1; k=ed25519; p=${der.subarray(-32).toString('base64')}`
    : `v=DKIM1; k=rsa; p=${der.toString('base64')}`
}

/** RFC 1035 §3.3: a string of a TXT record holds 255 octets; resolvers put them together. */
export function characterStrings(text: string): string[] {
  return text.match(/[\s\S]{1,255}/g) ?? ['']
}

/** As a zone file has it: `"v=DKIM1; …" "…"`. */
export function quotedStrings(text: string): string {
  return characterStrings(text)
    .map((part) => `"${part.replace(/["\\]/g, String.raw`\$&`)}"`)
    .join(' ')
}
