/** By what people are found: a userid, an e-mail address or a phone number. */
import { createRequire } from 'node:module'
import type * as Phones from 'libphonenumber-js/max'
import type { Identified } from '#services/identity/store/accounts.ts'
import { readUserid } from './userid.ts'

/** A hundred modules, which a start need not load. */
const phones = () => createRequire(import.meta.url)('libphonenumber-js/max') as typeof Phones

/** E.164 (ITU-T). Without a country code it is a number of Bangladesh. Undefined for what is no number. */
export function readPhone(given: string): string | undefined {
  const number = phones().parsePhoneNumberFromString(withLatinDigits(given), 'BD')
  return number?.isValid() ? number.number : undefined
}

/** Lower case, though RFC 5321 §2.4 tells letter cases of a mailbox apart: no provider does. */
export function readEmail(given: string): string {
  return given.trim().toLowerCase()
}

/** Whom somebody means who signs in as `given`. Undefined for what can be nobody. */
export function readIdentifier(given: string, domains: readonly string[]): Identified | undefined {
  if (given.includes('@')) {
    const userid = readUserid(given, domains)
    if (!('problem' in userid)) return userid
    return userid.problem === 'foreignDomain' ? { email: readEmail(given) } : undefined
  }
  const phone = readPhone(given)
  if (phone !== undefined) return { phone }
  const userid = readUserid(given, domains)
  return 'problem' in userid ? undefined : userid
}

/** Bengali digits, U+09E6 to U+09EF, as the Latin ones. */
export function withLatinDigits(text: string): string {
  return text.replaceAll(/[\u09e6-\u09ef]/g, (digit) => String(digit.charCodeAt(0) - 0x9e6))
}
