/** Addresses as people type and paste them (RFC 5322 §3.4, and what lies about in address books). */
import type { MailAddress } from '#contracts/mail/messages.ts'

/** RFC 5321 §4.5.3.1.3: a path has 256 octets, with its brackets. */
const longestAddress = 254

/** Good enough to be sent to; the server says the last word. Letters of any script may stand on both sides (RFC 6531). */
export function isAddress(text: string): boolean {
  const at = text.lastIndexOf('@')
  const local = text.slice(0, at)
  const domain = text.slice(at + 1)
  if (at < 1 || at > 64 || text.length > longestAddress) return false
  if (!/^[\p{L}\p{M}\p{N}.!#$%&'*+/=?^_`{|}~-]+$/u.test(local) && !/^"[^"\\]{1,62}"$/.test(local))
    return false
  if (local.startsWith('.') || local.endsWith('.') || local.includes('..')) return false
  return domain
    .split('.')
    .every((label) => /^[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?$/u.test(label))
}

/**
 * `Mina <mina@sweets.example>, "Das, A." <a@b.example>; c@d.example` or one on each line. What is no address comes back
 * as it is, so that its writer can mend it.
 */
export function addressesIn(text: string): MailAddress[] {
  return pieces(text).map(addressOf)
}

/** Between commas, semicolons and line ends that stand outside of quotes and brackets. */
function pieces(text: string): string[] {
  const found: string[] = []
  let start = 0
  let isQuoted = false
  let isBracketed = false
  for (let index = 0; index <= text.length; index += 1) {
    const char = text[index]
    const isEnd = char === undefined || char === '\n'
    if (char === '"' && text[index - 1] !== '\\') isQuoted = !isQuoted
    else if (char === '<' && !isQuoted) isBracketed = true
    else if (char === '>' && !isQuoted) isBracketed = false
    if (isEnd || (!isQuoted && !isBracketed && (char === ',' || char === ';' || char === '\t'))) {
      found.push(text.slice(start, index).trim())
      start = index + 1
      if (isEnd) isQuoted = isBracketed = false
    }
  }
  return found.filter((piece) => piece !== '').flatMap(apart)
}

/** `a@b.example c@d.example` are two. */
function apart(piece: string): string[] {
  const words = piece.split(/\s+/)
  return words.length > 1 && words.every(isAddress) ? words : [piece]
}

function addressOf(piece: string): MailAddress {
  const open = piece.lastIndexOf('<')
  const close = piece.indexOf('>', open)
  if (open >= 0 && close > open) {
    const name = piece
      .slice(0, open)
      .trim()
      .replace(/^"(.*)"$/s, '$1')
      .replaceAll(/\\(.)/g, '$1')
    return { name: name.trim(), address: plain(piece.slice(open + 1, close)) }
  }
  return { name: '', address: plain(piece) }
}

function plain(text: string): string {
  return text.trim().replace(/^mailto:/i, '')
}
