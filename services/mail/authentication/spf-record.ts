import { isIPv4, isIPv6 } from 'node:net'

/** RFC 7208 §4.6: the terms of a record, read before any of them is weighed. */
export interface SpfRecord {
  directives: Directive[]
  redirect: string | undefined
  explanation: string | undefined
}

export interface Directive {
  qualifier: '+' | '-' | '~' | '?'
  mechanism: 'all' | 'include' | 'a' | 'mx' | 'ptr' | 'ip4' | 'ip6' | 'exists'
  /** As written, for people. */
  text: string
  /** The domain-spec before its macros are expanded; of ip4 and ip6 the network. */
  target: string | undefined
  prefix4: number
  prefix6: number
}

const mechanisms = new Set(['all', 'include', 'a', 'mx', 'ptr', 'ip4', 'ip6', 'exists'])

export function isSpfRecord(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text)
}

/** The record, or in a few words what is wrong with it. */
export function parseSpfRecord(text: string): SpfRecord | string {
  if (!/^[\x20-\x7e]*$/.test(text)) return 'not ASCII'
  const record: SpfRecord = { directives: [], redirect: undefined, explanation: undefined }
  for (const term of text.slice('v=spf1'.length).split(' ')) {
    if (term === '') continue
    const fault = addTerm(record, term)
    if (fault !== undefined) return fault
  }
  return record
}

function addTerm(record: SpfRecord, term: string): string | undefined {
  const modifier = /^(?<name>[a-z][a-z0-9._-]*)=(?<value>.*)$/i.exec(term)?.groups
  if (modifier !== undefined) return addModifier(record, modifier.name!.toLowerCase(), modifier.value!)
  const directive = parseDirective(term)
  if (directive === undefined) return `cannot read ${term.slice(0, 80)}`
  record.directives.push(directive)
  return undefined
}

function addModifier(record: SpfRecord, name: string, value: string): string | undefined {
  if (name !== 'redirect' && name !== 'exp')
    return isMacroString(value) ? undefined : `cannot read ${name.slice(0, 40)}=`
  const key = name === 'exp' ? 'explanation' : 'redirect'
  if (record[key] !== undefined) return `${name}= stands twice`
  if (!isDomainSpec(value)) return `cannot read ${name}=`
  record[key] = value
  return undefined
}

function parseDirective(term: string): Directive | undefined {
  const groups = /^(?<qualifier>[+\-~?]?)(?<name>[a-z][a-z0-9._-]*)(?<rest>.*)$/i.exec(term)?.groups
  const name = groups?.name?.toLowerCase()
  if (groups === undefined || name === undefined || !mechanisms.has(name)) return undefined
  const directive = {
    qualifier: groups.qualifier === '' ? '+' : groups.qualifier,
    mechanism: name,
    text: term,
    target: undefined,
    prefix4: 32,
    prefix6: 128,
  } as Directive
  return readArguments(directive, groups.rest!) ? directive : undefined
}

/** Puts what follows the mechanism's name into the directive; false where that does not belong there. */
function readArguments(directive: Directive, rest: string): boolean {
  const { mechanism } = directive
  if (mechanism === 'all') return rest === ''
  if (mechanism === 'ip4' || mechanism === 'ip6') return readNetwork(directive, rest)
  let spec = rest
  if (mechanism === 'a' || mechanism === 'mx') {
    const { prefix4, prefix6 } = /(?:\/(?<prefix4>\d+))?(?:\/\/(?<prefix6>\d+))?$/.exec(rest)!.groups!
    if (!readPrefixes(directive, prefix4, prefix6)) return false
    const prefixes = `${prefix4 === undefined ? '' : `/${prefix4}`}${prefix6 === undefined ? '' : `//${prefix6}`}`
    spec = rest.slice(0, rest.length - prefixes.length)
  }
  if (spec === '') return mechanism !== 'include' && mechanism !== 'exists'
  directive.target = spec.slice(1)
  return spec.startsWith(':') && isDomainSpec(directive.target)
}

function readNetwork(directive: Directive, rest: string): boolean {
  const { network, prefix } = /^:(?<network>[^/]*)(?:\/(?<prefix>\d+))?$/.exec(rest)?.groups ?? {}
  if (network === undefined) return false
  directive.target = network
  return directive.mechanism === 'ip4'
    ? isIPv4(network) && readPrefixes(directive, prefix, undefined)
    : isIPv6(network) && !network.includes('%') && readPrefixes(directive, undefined, prefix)
}

function readPrefixes(
  directive: Directive,
  prefix4: string | undefined,
  prefix6: string | undefined,
): boolean {
  for (const [key, digits, most] of [
    ['prefix4', prefix4, 32],
    ['prefix6', prefix6, 128],
  ] as const) {
    if (digits === undefined) continue
    if (!/^(?:0|[1-9]\d{0,2})$/.test(digits) || Number(digits) > most) return false
    directive[key] = Number(digits)
  }
  return true
}

/** RFC 7208 §7.1: literals, `%%`, `%_`, `%-` and `%{…}`. */
export const macroPattern =
  /%(?:(?<literal>[%_-])|\{(?<letter>[slodiphcrtv])(?<digits>\d*)(?<reversed>r?)(?<delimiters>[.\-+,/_=]*)\})/gi

function isMacroString(text: string, letters = /[slodiphcrtv]/i): boolean {
  let isValid = true
  const literals = text.replace(
    macroPattern,
    (_, __, letter: string | undefined, digits: string | undefined) => {
      if (letter !== undefined && !letters.test(letter)) isValid = false
      if (digits !== undefined && digits !== '' && Number(digits) === 0) isValid = false
      return ''
    },
  )
  return isValid && !literals.includes('%')
}

/** A text of an explanation: any macro and spaces too. */
export function isExplanation(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text) && isMacroString(text)
}

/** RFC 7208 §7.1: it ends in a macro or in a top label that is not a number; `c`, `r` and `t` are for explanations. */
function isDomainSpec(text: string): boolean {
  if (text === '' || !isMacroString(text, /[slodiphv]/i)) return false
  if (/%(?:[%_-]|\{[^{}]*\})$/.test(text)) return true
  const top = /\.(?<top>[a-z0-9-]+)\.?$/i.exec(text)?.groups?.top
  return top !== undefined && !top.startsWith('-') && !top.endsWith('-') && /[^0-9]/.test(top)
}
