/** Paths and mailboxes of the envelope: RFC 5321 §4.1.2 and, outside of ASCII, RFC 6531 §3.3. */
import { isIPv4, isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'

export interface MailPath {
  /** Without quotes, in NFC: `a b` of `"a b"@example.org`. It may hold `@`, `%` and `!`, which route nothing. */
  localPart: string
  /** In lower case, as A-labels; `[192.0.2.1]` or `[IPv6:2001:db8::1]`; empty for a bare `postmaster`. */
  domain: string
  /** Quoted where it must be, the domain as it was written but in lower case. */
  address: string
  /** Something in it is not ASCII, as written. */
  isInternational: boolean
}

export type PathError = 'syntax' | 'sourceRoute' | 'tooLong'

/**
 * Reads `<path>` at the start of a command's argument. No path is the null path `<>`; `rest` is what follows it without
 * the space between. Source routes are an error of their own: RFC 5321 appendix C lets a server refuse them.
 */
export function readPath(text: string): { path: MailPath | undefined; rest: string } | { error: PathError } {
  if (!text.startsWith('<')) return { error: 'syntax' }
  if (text.startsWith('<>')) return withRest(undefined, text, 2)
  if (text.startsWith('<@')) return { error: 'sourceRoute' }
  const read = readMailbox(text, 1)
  if ('error' in read) return read
  return text[read.end] === '>' ? withRest(read.path, text, read.end + 1) : { error: 'syntax' }
}

/** Reads `local@domain` and nothing else. */
export function parseAddress(text: string): MailPath | undefined {
  const read = readMailbox(text, 0)
  return 'error' in read || read.end !== text.length || read.path.domain === '' ? undefined : read.path
}

function withRest(path: MailPath | undefined, text: string, end: number) {
  if (end < text.length && text[end] !== ' ') return { error: 'syntax' as const }
  return { path, rest: text.slice(end).trim() }
}

const atoms = String.raw`[\w!#$%&'*+\-/=?^\x60{|}~]|[^\x00-\x7f\p{Cc}\p{Z}]`
const dotString = new RegExp(String.raw`(?:${atoms})+(?:\.(?:${atoms})+)*`, 'uy')
const onlyDotString = new RegExp(String.raw`^(?:${atoms})+(?:\.(?:${atoms})+)*$`, 'u')
const quotedString = /"((?:[^"\\\p{Cc}]|\\[\x20-\x7e])*)"/uy
const domainCharacters = /[\w.-]+|[^\0-\x7f\p{Cc}\p{Z}]+/uy
const addressLiteral = /\[([\w.:-]{1,80})\]/y

function readMailbox(text: string, start: number): { path: MailPath; end: number } | { error: PathError } {
  const local = readLocalPart(text, start)
  if (!local) return { error: 'syntax' }
  // RFC 5321 §4.5.3.1: 64 octets of local part, 255 of domain.
  if (Buffer.byteLength(local.localPart) > 64) return { error: 'tooLong' }
  const { localPart, end } = local
  if (text[end] !== '@') {
    if (localPart.toLowerCase() !== 'postmaster') return { error: 'syntax' }
    return { path: { localPart, domain: '', address: localPart, isInternational: false }, end }
  }
  const domain = text[end + 1] === '[' ? readLiteral(text, end + 1) : readDomain(text, end + 1)
  if (!domain) return { error: 'syntax' }
  if (domain.ascii.length > 255) return { error: 'tooLong' }
  const address = `${quoted(localPart)}@${domain.written}`
  const isInternational = !isAscii(text.slice(start, domain.end))
  return { path: { localPart, domain: domain.ascii, address, isInternational }, end: domain.end }
}

function readLocalPart(text: string, start: number): { localPart: string; end: number } | undefined {
  const isQuoted = text[start] === '"'
  const pattern = isQuoted ? quotedString : dotString
  pattern.lastIndex = start
  const match = pattern.exec(text)
  if (!match) return undefined
  const value = isQuoted ? match[1]!.replaceAll(/\\(.)/gu, '$1') : match[0]
  return value === '' ? undefined : { localPart: value.normalize('NFC'), end: start + match[0].length }
}

function readDomain(text: string, start: number) {
  let end = start
  for (;;) {
    domainCharacters.lastIndex = end
    const match = domainCharacters.exec(text)
    if (!match) break
    end += match[0].length
  }
  if (end - start > 1_024) return undefined
  const written = text.slice(start, end).toLowerCase().normalize('NFC')
  const ascii = isAscii(written) ? written : domainToASCII(written)
  const labels = ascii.split('.')
  // A number as the last label is an address without its brackets.
  if (labels.length > 127 || !labels.every(isLabel) || /^\d+$/.test(labels.at(-1)!)) return undefined
  return { written, ascii, end }
}

/** RFC 5321 allows no underscore, but hosts that send mail have them. */
function isLabel(label: string): boolean {
  return label.length <= 63 && /^\w[\w-]*$/.test(label) && !label.endsWith('-')
}

/** RFC 5321 §4.1.3. */
function readLiteral(text: string, start: number) {
  addressLiteral.lastIndex = start
  const match = addressLiteral.exec(text)
  if (!match) return undefined
  const [whole, content = ''] = match
  const isVersion6 = /^ipv6:/i.test(content)
  if (isVersion6 ? !isIPv6(content.slice(5)) : !isIPv4(content)) return undefined
  const written = isVersion6 ? `[IPv6:${content.slice(5).toLowerCase()}]` : whole
  return { written, ascii: written, end: start + whole.length }
}

function quoted(localPart: string): string {
  return onlyDotString.test(localPart) ? localPart : `"${localPart.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text)
}
