import { isAscii } from 'node:buffer'
import { domainToASCII } from 'node:url'
import { AddressReader } from './address-reader.ts'
import type { MailAddress } from './message.ts'
import { encodeWords } from './words.ts'

/**
 * Addresses of a From, To, Cc… header: RFC 5322 §3.4 and §4.4, RFC 6532, RFC 6854. A group gives an entry with its
 * name and no address (where it has a name), then its members. At most `limit` are read.
 */
export function parseAddresses(value: string, limit = 10_000): MailAddress[] {
  const reader = new AddressReader(value)
  const found: MailAddress[] = []
  while (found.length < limit && reader.at < value.length) {
    const mailbox = reader.mailbox()
    if (mailbox) found.push(mailbox)
  }
  return found
}

/**
 * `name <local@domain>` for a header, with CRLF and a space where a long name is folded. Without `utf8` a name is
 * encoded (RFC 2047) and a domain in its ASCII form (RFC 5890).
 */
export function formatAddress({ name, address }: MailAddress, options: { utf8?: boolean } = {}): string {
  const plainName = name.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
  const spec = options.utf8 ? clean(address) : asciiAddress(address)
  if (plainName === '') return isSimple.test(spec) ? spec : `<${spec}>`
  return `${formatName(plainName, options.utf8 === true)} <${spec}>`
}

/** An address with an ASCII domain; one whose local part is not ASCII stays so and needs SMTPUTF8 (RFC 6531). */
export function asciiAddress(address: string): string {
  const text = clean(address)
  const at = text.lastIndexOf('@')
  const domain = text.slice(at + 1)
  if (isAsciiText(domain)) return text
  return `${text.slice(0, at + 1)}${domainToASCII(domain) || domain}`
}

/** Nothing in it that means something in a list. */
const isSimple = /^[^,;:()"[\]\\@]+@[^,;:()"[\]\\@]+$/

function formatName(name: string, isUtf8: boolean): string {
  if (!isUtf8 && (!isAsciiText(name) || name.includes('=?'))) return encodeWords(name, 10)
  // RFC 5322 §3.2.3: atext, and UTF-8 by RFC 6532.
  if (/^[\w !#$%&'*+\-/=?^`{|}~\u0080-\u{10ffff}]+$/u.test(name)) return name
  return `"${name.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}

/** Without what would end the address or the header. */
function clean(address: string): string {
  return address.replaceAll(/[\s\p{Cc}<>]/gu, '')
}

function isAsciiText(text: string): boolean {
  return isAscii(Buffer.from(text))
}
