import ipaddr from 'ipaddr.js'
import { macroPattern } from './spf-record.ts'

/** What the macros of RFC 7208 §7.2 stand for. */
export interface MacroValues {
  sender: string
  localPart: string
  senderDomain: string
  domain: string
  address: ipaddr.IPv4 | ipaddr.IPv6
  helo: string
  /** The name of the machine that receives, for explanations. */
  receiver: string
  /** The client's validated name, best one below `domain`; asked for only where `p` stands. */
  validatedName: (domain: string) => Promise<string>
}

/** `spec` with its macros expanded; it was found valid before. */
export async function expandMacros(spec: string, values: MacroValues): Promise<string> {
  if (!spec.includes('%')) return spec
  const name = /%\{p/i.test(spec) ? await values.validatedName(values.domain) : ''
  return spec.replace(macroPattern, (_, literal, letter, digits, reversed, delimiters) => {
    if (literal !== undefined) return { '%': '%', _: ' ', '-': '%20' }[literal as string]!
    const value = transformed(
      valueOf(letter.toLowerCase(), values, name),
      digits,
      reversed !== '',
      delimiters,
    )
    return letter === letter.toUpperCase() ? uriEscaped(value) : value
  })
}

/** RFC 7208 §7.3: what is longer than 253 loses labels on its left. */
export async function expandDomain(spec: string, values: MacroValues): Promise<string> {
  const domain = (await expandMacros(spec, values)).replace(/\.$/, '')
  if (domain.length <= 253) return domain
  const end = domain.slice(-254)
  return end.slice(end.indexOf('.') + 1)
}

function valueOf(letter: string, values: MacroValues, validatedName: string): string {
  const { address } = values
  const isV4 = address.kind() === 'ipv4'
  const texts: Record<string, () => string> = {
    s: () => values.sender,
    l: () => values.localPart,
    o: () => values.senderDomain,
    d: () => values.domain,
    i: () => (isV4 ? address.toString() : nibbles(address)),
    p: () => validatedName,
    v: () => (isV4 ? 'in-addr' : 'ip6'),
    h: () => values.helo,
    c: () => address.toString(),
    r: () => values.receiver,
    t: () => String(Math.floor(Date.now() / 1000)),
  }
  return texts[letter]!()
}

function nibbles(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  return address
    .toByteArray()
    .flatMap((byte) => [(byte >> 4).toString(16), (byte & 15).toString(16)])
    .join('.')
    .toUpperCase()
}

function transformed(value: string, digits: string, isReversed: boolean, delimiters: string): string {
  const separators = new Set(delimiters === '' ? '.' : delimiters)
  const parts = ['']
  for (const character of value)
    if (separators.has(character)) parts.push('')
    else parts[parts.length - 1] += character
  if (isReversed) parts.reverse()
  return parts.slice(digits === '' ? 0 : -Number(digits)).join('.')
}

/** All but the unreserved characters of RFC 3986. */
function uriEscaped(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
