import { createHash, createPrivateKey, sign, type KeyObject } from 'node:crypto'
import { hashBodyAs, relaxedField, selectFields } from './canonical.ts'
import { openRawMessage, type MessageSource, type RawField } from './raw-message.ts'

export interface SigningKey {
  domain: string
  selector: string
  algorithm: 'rsa' | 'ed25519'
  /** PKCS #8 as PEM, or the key itself. */
  privateKey: string | KeyObject
}

export interface SigningOptions {
  now?: Date
  /** When the signatures end (`x=`). */
  expiresAt?: Date
}

/** RFC 6376 §5.4.1. Signed once more than they stand, so that none can be added. */
const sealedNames = words(`
  from reply-to to cc subject date message-id in-reply-to references
  mime-version content-type content-transfer-encoding
`)

/** Signed as they stand: those on the way may add one. */
const signedNames = words(`
  sender content-id content-description content-language auto-submitted feedback-id
  list-id list-help list-unsubscribe list-unsubscribe-post list-subscribe list-post list-owner list-archive
  resent-date resent-from resent-sender resent-to resent-cc resent-message-id
`)

/**
 * DKIM-Signature fields, one for each key, to be put before the message; each ends with CRLF. The message is read once
 * and must have a From.
 */
export async function signMessage(
  source: MessageSource,
  keys: readonly SigningKey[],
  { now = new Date(), expiresAt }: SigningOptions = {},
): Promise<string> {
  await using message = await openRawMessage(source)
  const { fields } = message
  if (message.isHeaderCut) throw new Error('The header is too long to be signed.')
  if (!fields.some(({ name }) => name === 'from')) throw new Error('A message without From is not signed.')
  const body = hashBodyAs('relaxed')
  await message.hashBody([body])
  const { digest } = body.finish()
  const names = namesToSign(fields)
  return keys
    .map((key) => {
      const tags = [
        'v=1',
        `a=${key.algorithm}-sha256`,
        'c=relaxed/relaxed',
        `d=${key.domain}`,
        `s=${key.selector}`,
        `t=${seconds(now)}`,
        ...(expiresAt === undefined ? [] : [`x=${seconds(expiresAt)}`]),
        `h=${names.join(':')}`,
        `bh=${digest}`,
      ]
      return signedField('DKIM-Signature', tags, selectFields(fields, names), key)
    })
    .join('')
}

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}

export function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000)
}

export function namesToSign(fields: readonly RawField[]): string[] {
  const counts = new Map<string, number>()
  for (const { name } of fields) counts.set(name, (counts.get(name) ?? 0) + 1)
  const times = (name: string, more: number) =>
    Array.from({ length: Math.min(20, (counts.get(name) ?? 0) + more) }, () => name)
  return [...sealedNames.flatMap((name) => times(name, 1)), ...signedNames.flatMap((name) => times(name, 0))]
}

/** A field of these tags that ends with the signature over `signed` and itself. */
export function signedField(
  name: string,
  tags: readonly string[],
  signed: readonly RawField[],
  key: SigningKey,
): string {
  const unsigned = `${name}: ${foldTags(tags)};\r\n\tb=`
  const text = `${signed.map((field) => `${relaxedField(field.text)}\r\n`).join('')}${relaxedField(unsigned)}`
  const value = signText(key, text)
  return `${unsigned}${value.match(/.{1,72}/g)!.join('\r\n\t ')}\r\n`
}

/** Tags on lines of at most 78 characters where they can be broken; a list of names at its colons. */
function foldTags(tags: readonly string[]): string {
  const pieces = tags.flatMap((tag, index) => {
    const end = index === tags.length - 1 ? '' : ';'
    const words = `${tag}${end}`.startsWith('h=') ? `${tag}${end}`.split(/(?<=:)/) : [`${tag}${end}`]
    return words.map((word, at) => ({ word, isGlued: at > 0 }))
  })
  const lines = ['']
  for (const { word, isGlued } of pieces) {
    const line = lines.at(-1)!
    const gap = isGlued || line === '' ? '' : ' '
    if (line !== '' && line.length + word.length + gap.length > 72) lines.push(word)
    else lines[lines.length - 1] = `${line}${gap}${word}`
  }
  return lines.join('\r\n\t')
}

function signText({ algorithm, privateKey }: SigningKey, text: string): string {
  const key = typeof privateKey === 'string' ? createPrivateKey(privateKey) : privateKey
  if (key.asymmetricKeyType !== algorithm) throw new Error(`This is no ${algorithm} key.`)
  const bytes = Buffer.from(text, 'latin1')
  const value =
    algorithm === 'rsa'
      ? sign('sha256', bytes, key)
      : sign(null, createHash('sha256').update(bytes).digest(), key)
  return value.toString('base64')
}
